use super::*;

const GOOD: &str = r#"
[[requirement]]
id = "RT1"
rfc = 7296
section = "2.1"
binds = "initiator"
level = "MUST"
demand = "Send it again."
"#;

#[test]
fn a_requirement_binds_its_role_in_its_profiles() {
    let registry = Registry::parse(GOOD).expect("a registry");
    let requirement = registry.get("RT1").expect("it is there");
    assert!(requirement.binds_in(Role::Initiator, Profile::Rfc7815));
    assert!(!requirement.binds_in(Role::Responder, Profile::Rfc7815));
    let narrow = format!("{GOOD}profiles = [\"modern\"]\n");
    let registry = Registry::parse(&narrow).expect("a registry");
    let requirement = registry.get("RT1").expect("it is there");
    assert!(requirement.binds_in(Role::Initiator, Profile::Modern));
    assert!(!requirement.binds_in(Role::Initiator, Profile::Rfc7815));
}

#[test]
fn a_reason_is_for_those_whom_it_binds_or_for_one_role() {
    let of = |binds: &str, no_case: &str| {
        let text = GOOD.replace("\"initiator\"", binds) + no_case;
        let registry = Registry::parse(&text).unwrap_or_else(|error| panic!("{error}"));
        let requirement = registry.get("RT1").expect("it is there");
        Role::ALL.map(|role| requirement.no_case(role).map(str::to_owned))
    };
    let why = || Some("Nobody can look inside.".to_owned());
    assert_eq!(of("\"both\"", ""), [None, None]);
    assert_eq!(of("\"both\"", "no_case = \"Nobody can look inside.\"\n"), [why(), why()]);
    assert_eq!(of("\"responder\"", "no_case = \"Nobody can look inside.\"\n"), [None, why()]);
    assert_eq!(
        of("\"both\"", "no_case = { responder = \"Nobody can look inside.\" }\n"),
        [None, why()]
    );
}

#[test]
fn what_does_not_fit_is_refused_with_its_line() {
    for (from, to, expected) in [
        ("id = \"RT1\"", "id = \"R T\"", "line 2: R T: expected an id of letters and digits"),
        ("demand = \"Send it again.\"", "demand = \" \"", "expected a demand and a section"),
        ("rfc = 7296", "rfc = 7296\nno_case = \" \"", "expected a reason in no_case"),
        ("rfc = 7296", "rfc = 7296\nno_case = {}", "expected initiator or responder in no_case"),
        (
            "rfc = 7296",
            "rfc = 7296\nno_case = { initiator = \"\" }",
            "expected a reason in no_case",
        ),
        (
            "rfc = 7296",
            "rfc = 7296\nno_case = \"No case yet. To be judged so: it is counted.\"",
            "which a case that is missing is not",
        ),
        (
            "rfc = 7296",
            "rfc = 7296\nno_case = { initiator = \"TODO: count what is sent.\" }",
            "which a case that is missing is not",
        ),
        ("rfc = 7296", "rfc = 7296\nno_case = \"Not observable.\"", "of four words or more"),
        (
            "rfc = 7296",
            "rfc = 7296\nno_case = { responder = \"x\" }",
            "expected only roles that it",
        ),
        ("rfc = 7296", "rfc = 7296\nno_case = { gateway = \"x\" }", "unknown field `gateway`"),
        ("rfc = 7296", "rfc = 7296\nno_case = 1", "expected a reason, or one for each role"),
        ("level = \"MUST\"", "level = \"must\"", "unknown variant `must`"),
        ("binds =", "bind =", "unknown field `bind`"),
        ("rfc = 7296", "rfc = 7296\nprofiles = []", "expected at least one profile"),
        ("rfc = 7296", "rfc = 7296\nprofiles = [\"x\"]", "expected one of rfc7815"),
    ] {
        let text = GOOD.replace(from, to);
        let error = Registry::parse(&text).expect_err(to).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let twice = format!("{GOOD}{GOOD}");
    let error = Registry::parse(&twice).expect_err("twice").to_string();
    assert_eq!(error, "line 10: RT1: expected an id of its own");
}
