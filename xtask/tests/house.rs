//! House rules that no lint knows.

use std::fs;
use std::path::{Path, PathBuf};

/// The most lines that a source file has.
const MAX_LINES: usize = 500;

/// Files with this extension below `folder`, which nobody generated.
fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let generated = name.is_none_or(|name| name == "target" || name.starts_with('.'));
        if path.is_dir() && !generated {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
}

fn all(extension: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the root");
    let mut found = Vec::new();
    files(root, extension, &mut found);
    found.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a readable file");
        (path, text)
    };
    found.into_iter().map(read).collect()
}

fn too_long((path, text): &(PathBuf, String)) -> Option<String> {
    let lines = text.lines().count();
    (lines > MAX_LINES).then(|| format!("{}: {lines} lines", path.display()))
}

#[test]
fn no_source_file_is_too_long_to_read() {
    let sources = all("rs");
    assert!(sources.iter().any(|(path, _)| path.ends_with("xtask/tests/house.rs")));
    let long: Vec<String> = sources.iter().filter_map(too_long).collect();
    assert!(long.is_empty(), "at most {MAX_LINES} lines: {long:#?}");
}

#[test]
fn a_file_that_is_too_long_is_found() {
    let file = |lines: usize| (PathBuf::from("x.rs"), "line\n".repeat(lines));
    assert_eq!(too_long(&file(MAX_LINES)), None);
    assert_eq!(too_long(&file(MAX_LINES + 1)), Some(String::from("x.rs: 501 lines")));
}
