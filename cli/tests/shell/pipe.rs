use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What the shell answers to lines.
fn answers(arguments: &[&str], lines: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_alidade"))
        .arg("stellar")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(lines.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).unwrap()
}

#[test]
fn every_line_is_answered_without_a_prompt_or_colours() {
    let output = answers(
        &[],
        "x := 1 + 2\n# note\nTO_UPER('a')\nSHELL_GET_EXPRESSION('x')\nx * 2\nquit\n7\n",
    );
    assert!(output.status.success());
    let out = text(&output.stdout);
    assert!(out.starts_with("3\n[!] error["), "{out}");
    assert!(out.contains("did you mean `TO_UPPER`?"), "{out}");
    assert!(out.ends_with("\n1 + 2\n6\n"), "{out}");
    assert!(!out.contains('\u{1b}') && !out.contains(">>>"), "{out}");
}

#[test]
fn files_give_variables_lines_and_configurations() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let variables = write("variables.json", r#"{"port": 443}"#);
    let script = write("lines.stellar", "next := port + 1\n");
    write("config/global.json", r#"{"es.port": 9200}"#);
    let parser = r#"{"parserClassName": "org.apache.metron.parsers.json.JSONMapParser"}"#;
    write("config/parsers/own.json", parser);
    let config = folder.path().join("config");
    let output = answers(
        &[
            "-v",
            &variables,
            "-irc",
            &script,
            "--config-dir",
            config.to_str().unwrap(),
        ],
        "%vars\n%globals\nMAP_GET('a', GET(PARSER_PARSE(PARSER_INIT('own'), '{\"a\": 1}'), 0))\n",
    );
    assert_eq!(
        text(&output.stdout),
        "444\nport = 443, next = 444 via `port + 1`\n{\"es.port\":9200}\n1\n"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    for option in ["-v", "-irc", "-p", "--config-dir"] {
        let output = answers(&[option, "/no/such/place"], "1\n");
        assert!(!output.status.success(), "{option}");
        let reason = text(&output.stderr);
        assert!(reason.contains("/no/such/place"), "{option}: {reason}");
        assert!(output.stdout.is_empty(), "{option}");
    }
    assert!(!Path::new("/no/such/place").exists());
}

#[test]
fn services_over_http_are_asked() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut client, _) = server.accept().unwrap();
        let mut request = [0; 4096];
        let _ = client.read(&mut request).unwrap();
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\nConnection: close\r\n\r\n{\"a\": 5}";
        client.write_all(answer.as_bytes()).unwrap();
    });
    let line = format!("MAP_GET('a', REST_GET('http://{address}/', {{'timeout': 20000}}))\n");
    let output = answers(&[], &line);
    assert_eq!(text(&output.stdout), "5\n");
}
