//! What a fleet needs: faults, policies of the gateway, forgers, patterns of wakes.

use super::{LEAST, read, with};
use crate::scenario::{
    Address, CHILD_ERRORS, ChildPolicy, Cookies, FirstWake, Forger, Forgery, ForgeryTarget,
    GatewaySelectors, LinkDirection, Listed, MAX_SHARED, Outage, Rate, Remote, Request,
    RequestKind, Scenario, Wakes,
};
use core::time::Duration;
use rstest::rstest;

const fn s(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn percent(percent: u32) -> Rate {
    Rate::from_ppm(percent * 10_000).expect("at most all")
}

#[test]
fn every_fault_of_a_link_is_taken_for_both_directions_or_for_one() {
    let text = "[link]\nduplicate = \"1%\"\nreorder = \"2%\"\nreorder_delay = \"70ms\"\ncorrupt = \"3%\"\n\
                mangle = \"4%\"\noutages = [{ from = \"1s\", until = \"2s\" }, { from = \"2s\", until = \"2min\" }]\n\
                drops = { towards = [1, 3], back = [4294967295] }\nduplicates = { towards = [4] }\n\
                reorders = { back = [5] }\ncorrupts = { towards = [6] }\nmangles = { back = [7, 8] }\n\
                [link.back]\nduplicate = \"5%\"\nreorder = \"6%\"\nreorder_delay = \"80ms\"\ncorrupt = \"7%\"\n\
                mangle = \"8%\"";
    let link = read(&with(text, "")).link;
    let towards = LinkDirection {
        duplicate: percent(1),
        reorder: percent(2),
        reorder_delay: Duration::from_millis(70),
        corrupt: percent(3),
        mangle: percent(4),
        ..LinkDirection::default()
    };
    let back = LinkDirection {
        duplicate: percent(5),
        reorder: percent(6),
        reorder_delay: Duration::from_millis(80),
        corrupt: percent(7),
        mangle: percent(8),
        ..LinkDirection::default()
    };
    assert_eq!((link.towards, link.back), (towards, back));
    let outages = [Outage { from: s(1), until: s(2) }, Outage { from: s(2), until: s(120) }];
    assert_eq!(link.outages, outages);
    let listed =
        |towards: &[u64], back: &[u64]| Listed { towards: towards.into(), back: back.into() };
    assert_eq!(link.drops, listed(&[1, 3], &[4_294_967_295]));
    assert_eq!((link.duplicates, link.reorders), (listed(&[4], &[]), listed(&[], &[5])));
    assert_eq!((link.corrupts, link.mangles), (listed(&[6], &[]), listed(&[], &[7, 8])));
}

#[test]
fn a_group_changes_its_links_and_leaves_the_rest_as_it_is_for_all() {
    let link = "[link]\ndelay = \"1ms\"\nloss = \"1%\"\noutages = [{ from = \"1s\", until = \"2s\" }]\n\
                drops = { back = [1] }\nmangles = { back = [2] }\n[link.towards]\nloss = \"2%\"\nmtu = 600";
    let node = "[node.link]\ndelay = \"3ms\"\nloss = \"3%\"\ndrops = { towards = [2] }\n\
                [node.link.back]\nloss = \"4%\"";
    let scenario = read(&with(link, node));
    let own = &scenario.groups[0].link;
    let ms = Duration::from_millis;
    assert_eq!((own.towards.delay, own.back.delay), (ms(3), ms(3)));
    // What the group says of both goes before what `[link.towards]` says of one.
    assert_eq!((own.towards.loss, own.back.loss), (percent(3), percent(4)));
    assert_eq!((own.towards.mtu, own.back.mtu), (600, 1_280));
    assert_eq!(own.outages, scenario.link.outages);
    assert_eq!(own.drops, Listed { towards: vec![2], back: vec![] });
    assert_eq!(own.mangles, Listed { towards: vec![], back: vec![2] });
    assert_eq!((scenario.link.towards.loss, scenario.link.back.loss), (percent(2), percent(1)));

    let node = "[node.link]\noutages = []";
    assert!(read(&with(link, node)).groups[0].link.outages.is_empty());
    let scenario = read(&with(link, ""));
    assert_eq!(scenario.groups[0].link, scenario.link);
}

#[test]
fn every_policy_of_the_gateway_is_taken() {
    let text = "[gateway]\nhalf_open_limit = 7\nhalf_open_per_address = 3\n\
                cookies = { above = 0, per_address = 2 }\nservice_time = \"2ms\"\nike_lifetime = \"1h\"\n\
                child_lifetime = \"10min\"\nidle_timeout = \"5min\"\ncrashes = [\"5s\", \"6s\"]\n\
                selectors = \"widen\"\nrequests = [{ kind = \"liveness\", after = \"3s\", every = \"10s\" }, \
                { kind = \"delete\", after = \"1min\" }]";
    let gateway = read(&with(text, "")).gateway;
    assert_eq!((gateway.half_open_limit, gateway.half_open_per_address), (7, Some(3)));
    assert_eq!(gateway.cookies, Cookies::Above { half_open: 0, per_address: Some(2) });
    assert_eq!(gateway.service_time, Some(Duration::from_millis(2)));
    assert_eq!((gateway.ike_lifetime, gateway.child_lifetime), (Some(s(3_600)), Some(s(600))));
    assert_eq!((gateway.idle_timeout, gateway.crashes), (Some(s(300)), vec![s(5), s(6)]));
    assert_eq!(gateway.selectors, GatewaySelectors::Widen);
    let requests = [
        Request { kind: RequestKind::Liveness, after: s(3), every: Some(s(10)) },
        Request { kind: RequestKind::Delete, after: s(60), every: None },
    ];
    assert_eq!(gateway.requests, requests);

    let text = "[gateway]\ncookies = { above = 30 }\nchild = \"accept\"\nselectors = \"network\"";
    let gateway = read(&with(text, "")).gateway;
    assert_eq!(gateway.cookies, Cookies::Above { half_open: 30, per_address: None });
    assert_eq!(gateway.child, ChildPolicy::Accept);
    assert_eq!(gateway.selectors, GatewaySelectors::Network);
}

#[rstest]
#[case("liveness", RequestKind::Liveness)]
#[case("new-child", RequestKind::NewChild)]
#[case("rekey-child", RequestKind::RekeyChild)]
#[case("rekey-ike", RequestKind::RekeyIke)]
#[case("delete", RequestKind::Delete)]
fn a_gateway_asks_in_five_ways(#[case] word: &str, #[case] kind: RequestKind) {
    let text = format!("[gateway]\nrequests = [{{ kind = \"{word}\", after = \"1s\" }}]");
    assert_eq!(
        read(&with(&text, "")).gateway.requests,
        [Request { kind, after: s(1), every: None }]
    );
}

#[test]
fn a_child_sa_is_refused_with_any_of_the_five_errors() {
    for error in CHILD_ERRORS {
        let text = format!("[gateway]\nchild = {{ refuse = \"{error}\" }}");
        assert_eq!(read(&with(&text, "")).gateway.child, ChildPolicy::Refuse(error));
    }
}

#[test]
fn a_forger_works_all_the_time_or_for_a_while() {
    let text = format!(
        "{LEAST}[[forger]]\nkind = \"garbage\"\ntarget = \"nodes\"\nevery = \"1s\"\n\
         [[forger]]\nkind = \"replay\"\ntarget = \"gateway\"\nevery = \"2s\"\nfrom = \"3s\"\nuntil = \"2min\""
    );
    let always = Forger {
        kind: Forgery::Garbage,
        target: ForgeryTarget::Nodes,
        every: s(1),
        from: s(0),
        until: s(60),
    };
    let for_a_while = Forger {
        kind: Forgery::Replay,
        target: ForgeryTarget::Gateway,
        every: s(2),
        from: s(3),
        until: s(120),
    };
    assert_eq!(read(&text).forgers, [always, for_a_while]);
}

#[rstest]
#[case("garbage", Forgery::Garbage)]
#[case("forged-error", Forgery::Error)]
#[case("forged-response", Forgery::Response)]
#[case("replay", Forgery::Replay)]
fn a_forger_forges_in_four_ways(#[case] word: &str, #[case] kind: Forgery) {
    let forger = format!("[[forger]]\nkind = \"{word}\"\ntarget = \"nodes\"\nevery = \"1s\"");
    assert_eq!(read(&format!("{LEAST}{forger}")).forgers[0].kind, kind);
}

#[rstest]
#[case(r#"{ every = "15s" }"#, Wakes::Every { period: s(15), jitter: s(0), first: FirstWake::Spread })]
#[case(r#"{ every = "15s", first = "spread" }"#, Wakes::Every { period: s(15), jitter: s(0), first: FirstWake::Spread })]
#[case(r#"{ every = "2h", jitter = "1s", first = "0s" }"#, Wakes::Every { period: s(7_200), jitter: s(1), first: FirstWake::At(s(0)) })]
#[case(r#"{ poisson = "15min" }"#, Wakes::Poisson { mean: s(900) })]
#[case(r#"{ once = "1s" }"#, Wakes::Once { at: s(1), within: s(0) })]
#[case(r#"{ once = "1s", within = "59s" }"#, Wakes::Once { at: s(1), within: s(59) })]
fn every_pattern_of_wakes_is_taken(#[case] table: &str, #[case] wakes: Wakes) {
    let text = LEAST.replace(r#"{ at = ["1s"] }"#, table);
    assert_eq!(read(&text).groups[0].wakes, wakes);
}

#[test]
fn a_group_may_share_an_address_and_want_to_reach_everybody() {
    let group = &read(&with("", "address = \"shared\"\nremote = \"any\"")).groups[0];
    assert_eq!((group.address, group.remote), (Address::Shared, Remote::Any));
    let group = &read(&with("", "address = \"own\"\nremote = \"server\"")).groups[0];
    assert_eq!((group.address, group.remote), (Address::Own, Remote::Server));
    let most = read(&with("", "address = \"shared\"\ncount = 55_536"));
    assert_eq!(most.nodes(), MAX_SHARED);
}

#[test]
fn a_table_takes_the_place_of_a_word_when_a_key_of_it_is_set() {
    let text = with("[gateway]\ncookies = \"always\"\nchild = \"accept\"", "");
    let set = [("gateway.cookies.above", "9"), ("gateway.child.refuse", "TS_UNACCEPTABLE")];
    let set = set.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let gateway = Scenario::parse("x.toml", &text, &set).expect("a scenario").gateway;
    assert_eq!(gateway.cookies, Cookies::Above { half_open: 9, per_address: None });
    assert_eq!(gateway.child, ChildPolicy::Refuse(ike_core::NotifyType::TS_UNACCEPTABLE));
}

#[test]
fn an_override_reaches_into_lists_of_tables() {
    let text = with("[link]\noutages = [{ from = \"1s\", until = \"2s\" }]", "");
    let set = [("link.outages.0.until", "3s"), ("node.door.link.loss", "50%")];
    let set = set.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let scenario = Scenario::parse("x.toml", &text, &set).expect("a scenario");
    assert_eq!(scenario.link.outages, [Outage { from: s(1), until: s(3) }]);
    assert_eq!(scenario.groups[0].link.towards.loss, percent(50));
}
