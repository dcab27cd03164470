use super::{alidade, assert_screen, here, repository};

/// Typical mistakes, each a folder with a configuration and the screen of `check`.
const MISTAKES: [(&str, Option<i32>); 4] = [
    ("misspelt_function", Some(1)),
    ("bad_pattern", Some(1)),
    ("misspelt_key", Some(1)),
    ("misspelt_field", Some(0)),
];

#[test]
fn the_screens_of_typical_mistakes() {
    for (mistake, code) in MISTAKES {
        let folder = here().join(mistake);
        let ran = alidade(&folder, &["check", "config"]);
        assert_screen(&folder.join("check.txt"), &ran.out);
        assert_eq!((ran.code, ran.err.as_str()), (code, ""), "{mistake}");
        let denied = alidade(&folder, &["check", "config", "--deny-warnings"]);
        assert_eq!(denied.code, Some(1), "{mistake}");
    }
}

#[test]
fn the_page_shows_the_screens_as_they_are() {
    let page = std::fs::read_to_string(repository().join("docs/stellar/checking.md")).unwrap();
    for (mistake, _) in MISTAKES {
        let screen = std::fs::read_to_string(here().join(mistake).join("check.txt")).unwrap();
        assert!(
            page.contains(&screen),
            "docs/stellar/checking.md lacks:\n{screen}"
        );
    }
}

#[test]
fn programs_get_every_part_of_a_finding() {
    let folder = here().join("misspelt_function");
    for arguments in [
        &["check", "config", "--format", "json"][..],
        &["check", "config", "--json"],
    ] {
        let ran = alidade(&folder, arguments);
        assert_eq!(ran.code, Some(1));
        let outcome: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(outcome["errors"], 1);
        let problem = &outcome["problems"][0];
        assert_eq!(problem["code"], "S101");
        assert_eq!(problem["severity"], "error");
        assert_eq!(problem["document"], "parsers/squid");
        assert_eq!(
            (&problem["line"], &problem["column"]),
            (&15.into(), &39.into())
        );
        assert_eq!(
            (&problem["end_line"], &problem["end_column"]),
            (&15.into(), &62.into())
        );
        for key in ["pointer", "message", "label", "help"] {
            assert!(problem[key].is_string(), "{key}: {problem}");
        }
    }
    assert_eq!(
        alidade(&folder, &["check", "config", "--format", "xml"]).code,
        Some(255)
    );
}

#[test]
fn every_code_on_the_screens_is_explained() {
    let all = alidade(&here(), &["explain"]);
    assert_eq!(all.code, Some(0));
    for code in ["S101", "S103", "C101", "C201"] {
        assert!(all.out.contains(&format!("  {code}  ")), "{}", all.out);
        let one = alidade(&here(), &["explain", &code.to_lowercase()]);
        assert_eq!(one.code, Some(0));
        assert!(one.out.contains(&format!("[{code}]")), "{}", one.out);
        assert!(
            one.out.contains("Wrong:") && one.out.contains("Right:"),
            "{}",
            one.out
        );
    }
    let unknown = alidade(&here(), &["explain", "C999"]);
    assert_eq!(unknown.code, Some(1));
    assert!(
        unknown.err.contains("there is no code `C999`"),
        "{}",
        unknown.err
    );
}

#[test]
fn what_is_shipped_is_checked_without_an_error() {
    for root in ["config/zookeeper", "examples/squid/config"] {
        let ran = alidade(&repository(), &["check", root]);
        assert_eq!(ran.code, Some(0), "{}", ran.out);
        assert!(!ran.out.contains("[C2"), "{}", ran.out);
    }
}
