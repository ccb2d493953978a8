use super::*;
use rstest::rstest;

fn scenario(extra: &str) -> Scenario {
    let text = format!(
        "description = \"x\"\nduration = \"1min\"\n{extra}\n[[node]]\nname = \"door\"\ncount = 2\n\
         identity = \"door-{{n}}.example\"\npsk = \"hex:00ff{{n}}\"\n\
         wakes = {{ at = [\"1s\"] }}\napplication = {{ kind = \"ping\" }}\n"
    );
    Scenario::parse("x.toml", &text, &[]).expect("a scenario")
}

fn portal() -> SocketAddr {
    "172.17.0.1:4242".parse().expect("an address")
}

fn lines(setting: &Setting) -> String {
    let environment = setting.environment(portal());
    let lines: Vec<String> =
        environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    lines.join("\n")
}

#[test]
fn a_gateway_is_told_what_the_scenario_says_of_it() {
    let policies = "[gateway]\nidentity = \"gw.example\"\nsuites = [\"aes-cbc-modp2048\", \"aes-gcm-x25519\"]\n\
        cookies = { above = 3, per_address = 2 }\nliveness = \"5s\"\nhalf_open_limit = 7\nhalf_open_per_address = 6\n\
        half_open_timeout = \"8s\"\nike_lifetime = \"1h\"\nchild_lifetime = \"30min\"\nidle_timeout = \"2min\"\n\
        child = { refuse = \"NO_PROPOSAL_CHOSEN\" }\nselectors = \"network\"\n";
    let setting = Setting::gateway(&scenario(policies));
    let expected = "PORTAL=172.17.0.1:4242\nROLE=responder\nFAMILY=ipv4\nGATEWAY=10.64.0.1/10\nSERVER=10.1.0.1\n\
        SERVER_NETWORK=10.1.0.0/24\nNODES_NETWORK=10.64.0.0/10\nSUITES=aes-gcm-x25519\n\
        COOKIES=above:3:2\nCHILD=refuse:NO_PROPOSAL_CHOSEN\nGATEWAY_ID=fqdn:gw.example\nHALF_OPEN_LIMIT=7\n\
        HALF_OPEN_PER_ADDRESS=6\nHALF_OPEN_TIMEOUT_MS=8000\nLIVENESS_MS=5000\nIKE_LIFETIME_MS=3600000\n\
        CHILD_LIFETIME_MS=1800000\nIDLE_TIMEOUT_MS=120000";
    assert_eq!(lines(&setting), expected);
    let credentials = "fqdn:door-0.example 00ff00000000\nfqdn:door-1.example 00ff00000001\n";
    assert_eq!(setting.credentials_file(), credentials.as_bytes());
}

#[test]
fn what_a_scenario_leaves_open_is_not_set() {
    let told = lines(&Setting::gateway(&scenario("family = \"ipv6\"")));
    for name in ["LIVENESS", "LIFETIME", "IDLE", "PER_ADDRESS", "PEER", "IDENTITY"] {
        assert!(!told.contains(name), "{name} in {told}");
    }
    assert!(told.contains("GATEWAY=2001:db8:0:1::1/64\nSERVER=2001:db8:0:2::1\n"), "{told}");
    assert!(told.contains("SERVER_NETWORK=2001:db8:0:2::1/128\n"), "{told}");
    assert!(told.contains("NODES_NETWORK=2001:db8:0:1::/64\n"), "{told}");
    assert!(told.contains("COOKIES=never\nCHILD=accept\n"), "{told}");
}

#[test]
fn of_suites_that_no_node_offers_all_are_left() {
    let none = "[gateway]\nsuites = [\"aes-ccm8-p256\", \"chacha20-x25519\"]";
    let told = lines(&Setting::gateway(&scenario(none)));
    assert!(told.contains("\nSUITES=aes-ccm8-p256,chacha20-x25519\n"), "{told}");
}

#[test]
fn a_device_is_a_node_and_knows_the_gateway_only() {
    let setting = Setting::device(&scenario("[gateway]\nidentity = \"gw.example\""), 1);
    let told = lines(&setting);
    assert!(told.contains("ROLE=initiator\nFAMILY=ipv4\nGATEWAY=10.64.1.1/10\n"), "{told}");
    let peer = "IDENTITY=fqdn:door-1.example\nPEER=10.64.0.1\nPEER_ID=fqdn:gw.example\nSTART=no";
    assert!(told.contains(peer), "{told}");
    assert_eq!(setting.credentials_file(), b"fqdn:gw.example 00ff00000001\n");
}

#[test]
fn what_a_device_offers_and_says_otherwise_than_usual_is_told() {
    let usual = Setting::device(&scenario(""), 1);
    assert!(!lines(&usual).contains("GROUPS") && !lines(&usual).contains("INITIAL_CONTACT"));
    let groups = vec![Group::Ecp256, Group::Modp2048];
    let told = lines(&Setting { groups, initial_contact: false, ..usual });
    assert!(told.contains("\nGROUPS=p256,modp2048\nINITIAL_CONTACT=no"), "{told}");
}

#[rstest]
#[case(Identity::fqdn("door-1.example"), "fqdn:door-1.example")]
#[case(Identity::fqdn("a b"), "fqdn:#612062")]
#[case(Identity::fqdn("a\"\n"), "fqdn:#61220a")]
#[case(Identity::fqdn("#61"), "fqdn:#233631")]
#[case(Identity::rfc822("u@x.example"), "rfc822:u@x.example")]
#[case(Identity::rfc822("u;@x"), "rfc822:#753b4078")]
#[case(Identity::key_id(&[0, 255]), "keyid:00ff")]
#[case("2001:db8::7".parse(), "ipv6:2001:db8::7")]
#[case("192.0.2.7".parse(), "ipv4:192.0.2.7")]
fn an_identity_has_nothing_that_needs_quotes(
    #[case] identity: Result<Identity, ike_core::IdentityError>,
    #[case] told: &str,
) {
    assert_eq!(typed(&identity.expect("an identity")), told);
}

#[rstest]
#[case("10.1.0.1", 32, "10.1.0.1/32")]
#[case("10.1.2.3", 16, "10.1.0.0/16")]
#[case("10.1.2.3", 0, "0.0.0.0/0")]
#[case("2001:db8::7", 128, "2001:db8::7/128")]
#[case("2001:db8:1:2:3::7", 64, "2001:db8:1:2::/64")]
#[case("2001:db8::7", 0, "::/0")]
fn a_network_is_written_by_its_first_address(
    #[case] address: &str,
    #[case] prefix: u8,
    #[case] expected: &str,
) {
    assert_eq!(network(address.parse().expect("an address"), prefix), expected);
}
