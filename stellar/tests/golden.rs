//! What authors of expressions get to read.
//!
//! Each file of `golden/` holds a source, a line of four dashes, and the findings as they are shown: errors when the source
//! does not compile, else warnings. The sources of files whose names begin with `condition_` are conditions. `UPDATE_GOLDEN=1 cargo test --test golden` writes what is shown now.

use std::fs;
use std::path::Path;

use alidade_stellar::{Library, compile, compile_predicate, explanations};

const MARK: &str = "\n----\n";

#[test]
fn findings_read_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let library = Library::metron();
    let mut wrong = Vec::new();
    let mut files = 0;
    let mut all_shown = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let (source, expected) = text.split_once(MARK).unwrap_or((&text, ""));
        let name = path.file_name().unwrap().to_string_lossy();
        let shown = shown(source, name.starts_with("condition_"), &library);
        files += 1;
        all_shown.push_str(&shown);
        if update {
            fs::write(&path, format!("{source}{MARK}{shown}")).unwrap();
        } else if shown != expected {
            wrong.push(format!("{}\n{shown}instead of\n{expected}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(files > 90);
    for explanation in explanations() {
        let code = explanation.code;
        assert!(
            all_shown.contains(&format!("[{code}]")),
            "nothing shows {code}"
        );
    }
}

fn shown(source: &str, is_condition: bool, library: &Library) -> String {
    let compiled = match is_condition {
        true => compile_predicate(source, library),
        false => compile(source, library),
    };
    let findings = match compiled {
        Ok(program) => program.warnings().to_vec(),
        Err(findings) => findings,
    };
    for finding in &findings {
        assert!(!finding.label.is_empty(), "{source}: {finding:?}");
        assert!(finding.help.is_some(), "{source}: {finding:?}");
    }
    findings
        .iter()
        .map(|finding| finding.render(source))
        .collect()
}
