//! Connections of strangers who say nothing, or half of something, to a process with few descriptors.

use std::{
    io::Write as _,
    net::TcpStream,
    process::{Command, Stdio},
};

use serde_json::json;

use super::Http;

/// The number of descriptors the server may have.
const DESCRIPTORS: &str = "40";

#[test]
fn unfinished_requests_do_not_keep_others_out_of_a_server_short_of_descriptors() {
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("ulimit -n {DESCRIPTORS} && exec \"$0\" \"$@\"")]);
    limited.arg(env!("CARGO_BIN_EXE_conformance-server"));
    let http = Http::of(limited.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()), &[]);
    for _ in 0..3 {
        let silent: Vec<_> = (0..100)
            .map(|number| {
                let mut stream = TcpStream::connect(&http.address).unwrap();
                let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n";
                // Nothing, half a head, or a head without its body. Earlier ones may have given way.
                let _ = stream.write_all(&head.as_bytes()[..[0, 30, head.len()][number % 3]]);
                stream
            })
            .collect();
        let greeting = http.call(None, "greet", &json!({ "name": "Ann" }));
        assert_eq!(greeting["result"]["content"][0]["text"], "Hello, Ann!");
        drop(silent);
    }
    let warnings = http.logs.try_iter().filter(|line| line.contains("idle ones give way")).count();
    assert_eq!(warnings, 1, "told, and not again and again");
}
