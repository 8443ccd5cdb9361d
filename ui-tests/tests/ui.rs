//! Mistakes and what the compiler says about them.
//!
//! The `.stderr` files belong to one compiler, named in `rustc.txt`. On another the cases must fail, with any text.

use std::{env, error::Error, fs, path::Path, process::Command};

const CASES: &str = "tests/fail";

#[test]
fn mistakes_are_explained() -> Result<(), Box<dyn Error>> {
    let cases = trybuild::TestCases::new();
    let recorded = include_str!("rustc.txt").trim();
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = String::from_utf8(Command::new(rustc).arg("--version").output()?.stdout)?;
    if version.starts_with(recorded) {
        cases.compile_fail(format!("{CASES}/*.rs"));
        return Ok(());
    }
    eprintln!("the messages were recorded with {recorded}, and this is {}: they are not compared", version.trim());
    // Without the recorded text beside it, a case needs only to fail.
    let copies = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fail");
    fs::create_dir_all(&copies)?;
    for case in fs::read_dir(CASES)? {
        let case = case?.path();
        if let Some(name) = case.file_name().filter(|_| case.extension().is_some_and(|extension| extension == "rs")) {
            let copy = copies.join(name);
            fs::copy(&case, &copy)?;
            cases.compile_fail(copy);
        }
    }
    Ok(())
}
