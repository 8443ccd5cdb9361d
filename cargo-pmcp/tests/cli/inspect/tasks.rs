//! Tasks by their id: looked at, answered, cancelled, though whoever called has gone.

use super::*;

#[test]
fn an_answer_that_is_mistyped_leaves_the_task_waiting() {
    let (_server, url) = over_http(&[]);
    for protocol in ["2025", "2026"] {
        for (answer, problem) in [
            ("cofirm=yes", "error: the question has no field `cofirm`\nhelp: did you mean `--answer confirm=…`?\n"),
            ("confirm=perhaps", "error: `confirm` takes `yes` or `no`\n"),
        ] {
            let call = ["call", "confirm_delete", "filename=x", "--answer", answer];
            let told = on(&url, protocol, &call).assert().code(2).stdout_eq("").get_output().stderr.clone();
            let told = String::from_utf8(told).unwrap();
            assert!(told.contains(problem), "{protocol}: {told}");
            let (_, rest) = told
                .split_once("help: the task waits: `cargo pmcp inspect answer ")
                .unwrap_or_else(|| panic!("{told}"));
            let (id, rest) = rest.split_once(' ').unwrap();
            assert!(rest.starts_with(&format!("confirm=… --url {url}")), "{told}");
            shown(&url, protocol, id, "status   input_required\n");
            let mistyped =
                on(&url, protocol, &["answer", id, "confrim=yes"]).assert().code(2).get_output().stderr.clone();
            let mistyped = String::from_utf8(mistyped).unwrap();
            assert!(
                mistyped.contains("no field `confrim`\nhelp: did you mean `confirm=…`?\n"),
                "{protocol}: {mistyped}"
            );
            on(&url, protocol, &["answer", id, "confirm=yes"]).assert().success();
            shown(&url, protocol, id, "status   completed\n");
            let ended = on(&url, protocol, &["cancel", id]).assert().code(1).get_output().stderr.clone();
            assert_eq!(String::from_utf8(ended).unwrap(), format!("error: task `{id}` is `completed` already\n"));
        }
    }
}

/// The id of a task that runs on, though the one who called has gone.
fn left_task(url: &str, protocol: &str) -> String {
    let mut call = std::process::Command::new(PMCP);
    call.args(["inspect", "call", "slow_compute", "seconds=600", "--protocol", protocol, "--url", url]);
    Running::start(&mut call).line("Task ").trim().trim_start_matches("Task ").to_owned()
}

#[test]
fn a_server_that_dies_under_a_task_is_told_with_the_command_that_finds_it() {
    for protocol in ["2025", "2026"] {
        let (server, url) = over_http(&[]);
        let mut call = std::process::Command::new(PMCP);
        call.args(["inspect", "call", "slow_compute", "seconds=600", "--protocol", protocol, "--url", &url]);
        let call = Running::start(&mut call);
        let id = call.line("Task ").trim().trim_start_matches("Task ").to_owned();
        drop(server);
        let help = call.line("help: the task may go on");
        assert!(help.contains(&format!("`cargo pmcp inspect task {id} --url {url} --protocol {protocol}`")), "{help}");
    }
}

#[test]
fn a_task_is_shown_and_cancelled_by_its_id() {
    let (_server, url) = over_http(&[]);
    for protocol in ["2025", "2026"] {
        let id = left_task(&url, protocol);
        let on = |line: &[&str]| {
            let more = ["--protocol", protocol, "--url", &url];
            let words: Vec<_> =
                ["inspect"].into_iter().chain(line.iter().copied()).chain(more).map(str::to_owned).collect();
            pmcp(words.iter().map(String::as_str))
        };
        let shown = on(&["task", &id]).assert().success().get_output().clone();
        let text = String::from_utf8(shown.stdout).unwrap();
        assert!(text.starts_with(&format!("task     {id}\nstatus   working\n")), "{text}");
        assert!(
            String::from_utf8_lossy(&shown.stderr)
                .contains(&format!("Next wait, or cargo pmcp inspect cancel {id} --url {url}"))
        );
        if protocol == "2025" {
            let tasks = on(&["tasks"]).output().unwrap().stdout;
            assert!(String::from_utf8(tasks).unwrap().contains(&format!("{id}  working")));
        } else {
            let refused = String::from_utf8(on(&["tasks"]).assert().code(1).get_output().stderr.clone()).unwrap();
            assert!(refused.contains("this server lists no tasks") && refused.contains("--protocol 2025"), "{refused}");
        }
        on(&["answer", &id, "confirm=yes"]).assert().code(1);
        on(&["cancel", &id]).assert().success();
        let text = String::from_utf8(on(&["task", &id]).output().unwrap().stdout).unwrap();
        assert!(text.contains("status   cancelled\n"), "{text}");
        let unknown = on(&["task", "no-such-task"]).assert().code(1).get_output().stderr.clone();
        assert!(String::from_utf8(unknown).unwrap().contains("\nhelp: an id is written whole; "));
    }
}

/// The id of a task that asks something, and whose caller has gone before it was answered.
fn asking_task(url: &str, protocol: &str, tool: &str) -> String {
    let (revision, options) = match protocol {
        "2025" => ("2025-11-25", RequestOptions::new().task(None)),
        _ => ("2026-07-28", RequestOptions::new()),
    };
    let call = async {
        let client = Client::builder("caller", "1.0").revision(revision).on_elicit(|_| std::future::pending());
        let client = client.connect_http(url).await.unwrap();
        let arguments = if tool == "confirm_delete" { json!({ "filename": "x" }) } else { json!({}) };
        let params = json!({ "name": tool, "arguments": arguments });
        let result = client.request_with("tools/call", params, options).await.unwrap().result.unwrap();
        let _ = client.close().await;
        let task = result.get("task").unwrap_or(&result);
        task["taskId"].as_str().unwrap_or_else(|| panic!("no task, but {result}")).to_owned()
    };
    tokio::runtime::Runtime::new().unwrap().block_on(call)
}

/// The output of `inspect task` once it has this in it.
fn shown(url: &str, protocol: &str, id: &str, with: &str) -> String {
    let mut last = String::new();
    for _ in 0..200 {
        last = String::from_utf8(on(url, protocol, &["task", id]).output().unwrap().stdout).unwrap();
        if last.contains(with) {
            return last;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("no `{with}`, but {last}");
}

#[test]
fn an_answer_brings_a_task_to_its_end() {
    let (_server, url) = over_http(&[]);
    for protocol in ["2025", "2026"] {
        for (answer, result) in [
            (&["confirm=yes"][..], "result\nDeleted x\n"),
            (&["confirm=no"], "result\nKept x: not confirmed\n"),
            (&["--decline"], "result\nKept x: not confirmed\n"),
            (&["--dismiss"], "result\nKept x: not confirmed\n"),
        ] {
            let id = asking_task(&url, protocol, "confirm_delete");
            shown(&url, protocol, &id, "status   input_required\n");
            let told = on(&url, protocol, &["task", &id]).assert().success().get_output().stderr.clone();
            let told = String::from_utf8(told).unwrap();
            // Of the revision before nobody learns what is asked, but who answers.
            let fields = if protocol == "2026" { " confirm=…" } else { "" };
            let next = format!("cargo pmcp inspect answer {id}{fields} --url {url} --protocol {protocol}\n");
            assert!(told.ends_with(&next), "{told}");
            // What the form does not take is told, and the question stays.
            let wrong = on(&url, protocol, &["answer", &id, "confirm=perhaps"]).assert().code(2).get_output().clone();
            let wrong = String::from_utf8(wrong.stderr).unwrap();
            assert_eq!(wrong.lines().next().unwrap(), "error: `confirm` takes `yes` or `no`", "{protocol}");
            let nothing = on(&url, protocol, &["answer", &id]).assert().code(2).get_output().stderr.clone();
            let nothing = String::from_utf8(nothing).unwrap();
            assert!(nothing.starts_with("error: pass `confirm=…` or `--decline`"), "{protocol}: {nothing}");
            let line: Vec<_> = ["answer", id.as_str()].into_iter().chain(answer.iter().copied()).collect();
            on(&url, protocol, &line).assert().success();
            let text = shown(&url, protocol, &id, "status   completed\n");
            if protocol == "2026" {
                // The status of an earlier task is without its result.
                assert!(text.ends_with(result), "{answer:?}: {text}");
            }
            // It asks nothing any more.
            on(&url, protocol, &line).assert().code(1);
        }
    }
}

#[test]
fn one_of_several_questions_is_chosen_by_its_key() {
    let (_server, url) = over_http(&[]);
    let id = asking_task(&url, "2026", "multi_input");
    let text = shown(&url, "2026", &id, "questions\n");
    let told = on(&url, "2026", &["task", &id]).assert().success().get_output().stderr.clone();
    assert!(String::from_utf8(told).unwrap().contains(" --question "));
    let (_, questions) = text.split_once("questions\n").unwrap();
    let keys: Vec<_> = questions.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(keys.len(), 2, "{text}");
    let several = on(&url, "2026", &["answer", &id, "name=Ann"]).assert().code(2).get_output().stderr.clone();
    let several = String::from_utf8(several).unwrap();
    assert!(several.contains("asks several questions") && several.contains(keys[1]), "{several}");
    for key in &keys {
        let line = questions.lines().find(|line| line.contains(key)).unwrap();
        let field = if line.contains("confirm:") { "confirm=yes" } else { "name=Ann" };
        on(&url, "2026", &["answer", &id, "--question", key, field]).assert().success();
    }
    let text = shown(&url, "2026", &id, "status   completed\n");
    assert!(text.ends_with("result\nAnn said yes\n"), "{text}");
}

#[cfg(unix)]
#[test]
fn tasks_are_listed_again_whenever_one_has_changed() {
    let (_server, url) = over_http(&[]);
    let mut command = std::process::Command::new(PMCP);
    command.args(["inspect", "tasks", "--watch", "--protocol", "2025", "--url", &url]);
    let mut watching = Running::writing(&mut command);
    watching.line("no tasks");
    let id = left_task(&url, "2025");
    watching.line(&format!("{id}  working"));
    on(&url, "2025", &["cancel", &id]).assert().success();
    watching.line(&format!("{id}  cancelled"));
    watching.interrupt();
    assert_eq!(watching.code(), Some(130));
}
