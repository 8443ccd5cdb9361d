//! Mistakes and what the compiler says about them.
//!
//! The `.stderr` files belong to one compiler, named in `rustc.txt`. On another the cases must fail, with any text.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const CASES: &str = "tests/fail";

#[test]
fn mistakes_are_explained() -> Result<(), Box<dyn Error>> {
    let recorded = include_str!("rustc.txt").trim();
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = String::from_utf8(Command::new(rustc).arg("--version").output()?.stdout)?;
    if version.starts_with(recorded) {
        trybuild::TestCases::new().compile_fail(format!("{CASES}/*.rs"));
        return Ok(());
    }
    // Recording is the only way to have trybuild accept any text, and it is chosen by the environment, which a test can
    // set for another process alone.
    if env::var_os("TRYBUILD").is_some_and(|mode| mode == "overwrite") {
        let cases = trybuild::TestCases::new();
        copies()?.iter().for_each(|copy| cases.compile_fail(copy));
        return Ok(());
    }
    eprintln!("the messages were recorded with {recorded}, and this is {}: they are not compared", version.trim());
    let mut again = Command::new(env::current_exe()?);
    let status = again.args(["--exact", "mistakes_are_explained"]).env("TRYBUILD", "overwrite").status()?;
    assert!(status.success(), "a case compiles");
    Ok(())
}

/// The cases, away from the recorded messages.
fn copies() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fail");
    fs::create_dir_all(&folder)?;
    let mut copies = Vec::new();
    for case in fs::read_dir(CASES)? {
        let case = case?.path();
        if let Some(name) = case.file_name().filter(|_| case.extension().is_some_and(|extension| extension == "rs")) {
            let copy = folder.join(name);
            fs::copy(&case, &copy)?;
            copies.push(copy);
        }
    }
    Ok(copies)
}
