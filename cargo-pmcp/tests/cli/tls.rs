//! `https`: servers with a certificate that the platform trusts, and no others.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use rcgen::CertifiedKey;
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring::default_provider,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::{Value, json};

use crate::support::pmcp;

/// A server at this address, and its certificate.
fn server() -> (String, String) {
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/mcp", listener.local_addr().unwrap().port());
    let config = Arc::new(config);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(config.clone()).unwrap();
            // Whoever does not trust it hangs up.
            thread::spawn(move || serve(StreamOwned::new(connection, stream)));
        }
    });
    (url, cert.pem())
}

/// Answers discovery and the list of its one tool, to whoever has the token.
fn serve(stream: StreamOwned<ServerConnection, TcpStream>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut length, mut is_known) = (0, false);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            is_known |= line == "authorization: Bearer s3cret\r\n";
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let request: Value = serde_json::from_slice(&body).unwrap();
        let result = if request["method"] == "server/discover" {
            json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": { "tools": {} } })
        } else {
            let tool = json!({ "name": "first_tool", "inputSchema": { "type": "object" } });
            json!({ "resultType": "complete", "tools": [tool], "ttlMs": 0, "cacheScope": "private" })
        };
        let answer = json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }).to_string();
        let status = if is_known { "200 OK" } else { "401 Unauthorized" };
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", answer.len());
        stream.get_mut().write_all((head + &answer).as_bytes())?;
    }
}

#[test]
fn a_server_is_reached_if_the_platform_trusts_it() {
    let (url, certificate) = server();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trusted.pem");
    fs::write(&file, certificate).unwrap();
    let tools = || {
        pmcp(["inspect", "tools", "--bearer-env", "TOKEN", "--url", &url])
            .env("TOKEN", "s3cret")
            .env_remove("SSL_CERT_DIR")
    };
    tools().env("SSL_CERT_FILE", &file).assert().success().stdout_eq("first_tool\n");

    let refused = tools().env_remove("SSL_CERT_FILE").assert().code(1).stdout_eq("").get_output().stderr.clone();
    let refused = String::from_utf8(refused).unwrap();
    assert!(refused.contains("cannot be reached") && refused.contains("certificate"), "{refused}");
}
