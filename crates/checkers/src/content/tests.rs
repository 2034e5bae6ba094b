use crate::Verdict;
use crate::fixture::{alarms, assert_found, edit, healthy, judged, opcode, place, places, rewrite, verdict};
use goldenpath_history::{REDACTED_JWT, REDACTED_KEY, REDACTED_TOKEN, RecordKind};
use goldenpath_simulator::{Content, History, Scenario, simulate};
use rstest::rstest;
use serde_json::json;

fn break_by(row: &str, history: &mut History) {
    let (thinking, tool) = (place(history, "agent_thinking"), place(history, "tool_completed"));
    let (calling, end) = (place(history, "tool_executing"), place(history, "agent_completed"));
    match row {
        "C01" => rewrite(history, thinking, |_| "hello".to_owned()),
        "C02" => rewrite(history, thinking, |raw| raw[..raw.len() - 9].to_owned()),
        "C03" => rewrite(history, thinking, |raw| raw.replace("agent_thinking", "agent_thinkin")),
        "C04" => edit(history, end, |event| {
            event.as_object_mut().expect("it is there").remove("final_response");
        }),
        "C05" => edit(history, thinking, |event| event["step_number"] = json!("1")),
        "C06" => edit(history, thinking, |event| event["reasoning"] = json!("  ")),
        "C06b" => edit(history, thinking, |event| event["reasoning"] = json!("\u{200b} \u{2060}")),
        "C07a" => edit(history, thinking, |event| event["reasoning"] = json!("...")),
        "C07b" => edit(history, thinking, |event| event["reasoning"] = json!("Agent is thinking…")),
        "C07c" => edit(history, end, |event| event["summary"] = json!("TODO")),
        "C07d" => edit(history, calling, |event| event["tool_name"] = json!("Agent is thinking…")),
        "C08a" => edit(history, thinking, |event| {
            event["reasoning"] = json!("Les donnÃ©es du mois passent en revue")
        }),
        "C08b" => {
            edit(history, end, |event| event["summary"] = json!("It doesnâ€™t pay to keep the idle ones"))
        }
        "C08c" => rewrite(history, end, |raw| {
            raw.replacen("\"summary\":\"", "\"summary\":\"\\u00f0\\u009f\\u0098\\u0080 ", 1)
        }),
        "C09a" => edit(history, thinking, |event| event["reasoning"] = json!("The spend\0 by service")),
        "C09b" => edit(history, thinking, |event| event["reasoning"] = json!("\u{feff}The spend by service")),
        "C10" => rewrite(history, thinking, |raw| format!("{raw}{raw}")),
        "C11" => opcode(history, thinking, "binary"),
        "C12" => edit(history, end, |event| {
            let long = "every idle machine costs money and ".repeat(20);
            event["final_response"] = json!(long[..500]);
        }),
        "C12b" => edit(history, end, |event| {
            let answer = event["final_response"].as_str().expect("it is there").to_owned();
            event["final_response"] =
                json!(answer.chars().take(answer.chars().count() / 2).collect::<String>());
        }),
        "C12c" => edit(history, thinking, |event| {
            event["reasoning"] =
                json!("The spend by service was compared with the spend of ea... [truncated]")
        }),
        "C13a" => edit(history, tool, |event| event["results"] = json!(event["results"].to_string())),
        "C13b" => rewrite(history, tool, |raw| json!(raw).to_string()),
        "C13c" => edit(history, tool, |event| event["results"]["payload"] = json!("{\"total\":12.5}")),
        "C14" => edit(history, tool, |event| event["type"] = json!("cost_report")),
        "C15" => edit(history, thinking, |event| {
            *event = json!({"type": "agent_thinking", "data": event.clone()});
        }),
        "C16" => edit(history, thinking, |event| {
            *event = json!({"type": "system_message", "payload": event.clone()})
        }),
        "C17" => edit(history, tool, |event| event["results"] = json!({})),
        "C17b" => {
            edit(history, tool, |event| event["results"] = json!({ "data": { "items": [], "note": " " } }))
        }
        "C18a" => edit(history, thinking, |event| {
            event["reasoning"] =
                json!("Traceback (most recent call last):\n  File \"/srv/agent/main.py\", line 4");
        }),
        "C18b" => edit(history, thinking, |event| {
            event["reasoning"] = json!("It failed in /app/src/tools/cost.py again")
        }),
        "C18c" => edit(history, thinking, |event| {
            event["reasoning"] =
                json!("Error: x\n    at run (/srv/agent/index.js:10:3)\n    at main (index.js:2:1)");
        }),
        "C18d" => edit(history, thinking, |event| {
            event["reasoning"] = json!("It said java.lang.IllegalStateException: the pool is closed")
        }),
        "C18e" => edit(history, thinking, |event| {
            event["reasoning"] = json!("thread 'main' panicked at crates/agent/src/run.rs:41:9:\nno run")
        }),
        "C18f" => edit(history, thinking, |event| {
            event["reasoning"] = json!("Cannot find /srv/agent/node_modules/pg/lib/client.js")
        }),
        "C18g" => edit(history, thinking, |event| {
            event["reasoning"] = json!("psycopg2.OperationalError: could not connect to server")
        }),
        "C19a" => {
            edit(history, calling, |event| event["parameters"]["api_key"] = json!("sk-live-51H8abcdef0123"))
        }
        "C19b" => edit(history, calling, |event| event["parameters"]["key"] = json!("AKIAIOSFODNN7EXAMPLE")),
        "C19c" => edit(history, calling, |event| {
            event["parameters"]["headers"] = json!({ "Authorization": "Basic Y29zdHM6czNjcjN0LTc=" })
        }),
        "C19d" => edit(history, calling, |event| {
            event["parameters"]["aws_secret_access_key"] = json!("wJalrXUtnFEMI7MDENGbPxRfiCYEXAMPLEKEY")
        }),
        "C20" => opcode(history, thinking, "invalid_utf8"),
        other => panic!("no such row: {other}"),
    }
}

#[rstest]
#[case("C01", "content/json")]
#[case("C02", "content/json")]
#[case("C03", "content/schema")]
#[case("C04", "content/schema")]
#[case("C05", "content/schema")]
#[case("C06", "content/meaningful")]
#[case("C06b", "content/meaningful")]
#[case("C07a", "content/meaningful")]
#[case("C07b", "content/meaningful")]
#[case("C07c", "content/meaningful")]
#[case("C07d", "content/meaningful")]
#[case("C08a", "content/unicode")]
#[case("C08b", "content/unicode")]
#[case("C08c", "content/unicode")]
#[case("C09a", "content/unicode")]
#[case("C09b", "content/unicode")]
#[case("C10", "content/text-frames")]
#[case("C11", "content/text-frames")]
#[case("C12", "content/whole")]
#[case("C12b", "content/whole")]
#[case("C12c", "content/whole")]
#[case("C13a", "content/whole")]
#[case("C13b", "content/whole")]
#[case("C13c", "content/whole")]
#[case("C14", "content/schema")]
#[case("C15", "content/schema")]
#[case("C16", "content/schema")]
#[case("C17", "content/meaningful")]
#[case("C17b", "content/meaningful")]
#[case("C18a", "content/no-internals")]
#[case("C18b", "content/no-internals")]
#[case("C18c", "content/no-internals")]
#[case("C18d", "content/no-internals")]
#[case("C18e", "content/no-internals")]
#[case("C18f", "content/no-internals")]
#[case("C18g", "content/no-internals")]
#[case("C19a", "content/no-internals")]
#[case("C19b", "content/no-internals")]
#[case("C19c", "content/no-internals")]
#[case("C19d", "content/no-internals")]
#[case("C20", "content/json")]
fn a_broken_promise_is_found(#[case] row: &str, #[case] owner: &str) {
    assert_found(healthy(), owner, |history| break_by(row, history));
}

/// What runtimes print of themselves, and what an address gives away.
#[rstest]
#[case::dotnet("It broke\n   at Costs.Ranker.Rank(String region) in /build/Ranker.cs:line 41")]
#[case::go("panic: no price\n\ngoroutine 17 [running]:\nmain.rank(0xc000010000)")]
#[case::path_on_its_own_line("It broke\n/usr/lib/ruby/gems/costs/ranker.rb:12:in `rank'")]
#[case::thrown_on_its_own_line("It broke\njava.lang.NullPointerException: region")]
#[case::address("It asked https://prices.example.com/v1?region=eu&api_key=0f3a99b1c2d4e5f60718")]
fn the_inside_of_a_machine_is_found(#[case] text: &str) {
    let mut history = healthy();
    let at = place(&history, "agent_thinking");
    edit(&mut history, at, |event| event["reasoning"] = json!(text));
    assert_eq!(verdict(&judged(&history), "content/no-internals"), &Verdict::Fail);
}

/// A tool that looked and found nothing says so.
#[test]
fn nothing_found_is_a_result() {
    let mut history = healthy();
    let at = place(&history, "tool_completed");
    edit(&mut history, at, |event| event["results"] = json!({ "subject": "the spend", "rows": [] }));
    assert_eq!(verdict(&judged(&history), "content/meaningful"), &Verdict::Pass);
}

#[rstest]
#[case("A goroutine is cheap, and goroutine 7 waits for the lock; nine goroutines are too many.")]
#[case("Call it with ?api_key=YOUR_API_KEY, or with token=os.environ.")]
#[case("The word error, a TODO list and the database connection are what you asked about.")]
#[case("Le « CAFÉ» et «É» sont ouverts; São Paulo, NÃO, ÇÃO.")]
#[case("The log group /aws/lambda/app and https://example.com/app/main.py are yours.")]
#[case("Rotate the password and the api_key every 90 days; use tokens.")]
#[case("Move sk-learn training to spot; risk-adjusted saving is 12 %.")]
#[case("Meet at noon (room 4:30) or (cost: 10).")]
#[case("日本語のテキスト, שלום, e\u{301}, 👩‍👩‍👧‍👦")]
#[case("A java.lang.String is immutable; throw an IllegalStateException or import org.springframework.boot.")]
#[case("Keep node_modules/ and site-packages/ out of the image; nobody panicked at the sight of the bill.")]
#[case("Set RUST_BACKTRACE=1 on the trainer, and call psycopg2.connect() once per worker.")]
#[case("\u{1b}[32mgreen\u{1b}[0m is how the terminal printed it.")]
fn ordinary_prose_raises_no_alarm(#[case] text: &str) {
    let mut history = healthy();
    let at = place(&history, "agent_thinking");
    edit(&mut history, at, |event| event["reasoning"] = json!(text));
    let found = alarms(&judged(&history), &["content/"]);
    assert!(found.is_empty(), "{found:#?}");
}

/// A text may have a round length by chance. One that its deltas add up to was not cut on its way.
#[rstest]
#[case::as_streamed(true, 1, &[])]
#[case::not_streamed(false, 1, &["content/whole"])]
#[case::again_and_again(true, 3, &["content/whole"])]
fn a_round_length_may_be_chance(#[case] streamed: bool, #[case] times: usize, #[case] failing: &[&str]) {
    let mut history =
        simulate(&Scenario::golden_path().users(3).runs(1).deltas(if streamed { 1 } else { 0 }), 2);
    for nth in 0..times {
        let long = format!("{} {}", nth, "every idle machine costs money and ".repeat(20));
        let end = places(&history, "agent_completed")[nth];
        let answer = json!(long[..500]);
        edit(&mut history, end, |event| event["final_response"] = answer.clone());
        if streamed {
            let delta = places(&history, "response_delta")
                .into_iter()
                .rfind(|at| *at < end && history.records[*at].conn == history.records[end].conn)
                .expect("it is there");
            edit(&mut history, delta, |event| event["text"] = answer.clone());
        }
    }
    let found = alarms(&judged(&history), &["content/"]);
    assert_eq!(
        found.iter().filter_map(|alarm| alarm.split(':').next()).collect::<Vec<_>>(),
        failing,
        "{found:#?}"
    );
}

/// What a user wrote in one run may come back to them in a later one.
#[test]
fn secrets_of_an_earlier_prompt_are_their_writers_own() {
    let mut history = simulate(&Scenario::golden_path().content(Content::LooksLikeEvent), 3);
    let mut asked = std::collections::BTreeSet::new();
    for record in &mut history.records {
        if let RecordKind::Request { prompt, .. } = &mut record.kind
            && !asked.insert(record.user.clone())
        {
            *prompt = Some("And what does it cost with the key from before?".into());
        }
    }
    let found = alarms(&judged(&history), &["content/"]);
    assert!(found.is_empty(), "{found:#?}");
}

#[rstest]
#[case(REDACTED_TOKEN)]
#[case(REDACTED_KEY)]
#[case(REDACTED_JWT)]
fn a_secret_that_the_recorder_hid_is_still_a_secret(#[case] hidden: &str) {
    let mut history = healthy();
    let calling = place(&history, "tool_executing");
    edit(&mut history, calling, |event| event["parameters"]["key"] = json!(hidden));
    assert_eq!(*verdict(&judged(&history), "content/no-internals"), Verdict::Fail);
    for record in &mut history.records {
        if let RecordKind::Request { prompt, .. } = &mut record.kind {
            *prompt = Some(format!("What does the service behind {hidden} cost?").into());
        }
    }
    assert_eq!(*verdict(&judged(&history), "content/no-internals"), Verdict::Pass, "its user wrote it");
}

#[test]
fn a_tool_may_be_named_after_what_it_does() {
    let mut history = healthy();
    for kind in ["tool_executing", "tool_completed"] {
        for at in places(&history, kind) {
            edit(&mut history, at, |event| event["tool_name"] = json!("processing_request"));
        }
    }
    assert_eq!(verdict(&judged(&history), "content/meaningful"), &Verdict::Pass);
}
