//! The ledger has no way to a clock, a file, a socket, an environment or an unordered map.

use std::path::Path;

#[test]
fn the_crate_stands_without_the_standard_library() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = std::fs::read_to_string(sources.join("lib.rs")).unwrap();
    assert!(lib.lines().any(|line| line == "#![no_std]"), "without this line anything compiles");
    let mut folders = vec![sources];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for way_out in ["extern crate std", " f32", " f64", "HashMap", "HashSet"] {
                assert!(!text.contains(way_out), "{way_out} in {path:?}");
            }
        }
    }
}
