//! A witness as people read it. Guards that what a user saw can be told from it without the protocol at hand.

use goldenpath_history::Record;
use goldenpath_report::Story;

fn story(lines: &[&str]) -> Story {
    let records: Vec<Record<'_>> =
        lines.iter().map(|line| serde_json::from_str(line).expect("a record")).collect();
    Story::of(&records)
}

#[test]
fn one_user_sees_a_tool_that_never_ends() {
    let story = story(&[
        r#"{"t_ns":1204000000,"conn":1,"user":"ada","k":"request","request_id":"r1","intended_t_ns":1204000000,"scenario":"costs","prompt":"I'm spending $50k/month on AI infrastructure. Help me optimize costs."}"#,
        r#"{"t_ns":1250000000,"conn":1,"user":"ada","k":"frame","dir":"in","raw":"{\"type\":\"tool_executing\",\"run_id\":\"0197a1c2-7d4e-7c11-9c1b-5a1f00c0ffee\",\"seq\":3,\"tool_name\":\"billing_lookup\",\"execution_id\":\"call-1\"}"}"#,
        r#"{"t_ns":1900000000,"conn":1,"user":"ada","k":"frame","dir":"in","raw":"{\"type\":\"agent_completed\",\"run_id\":\"0197a1c2-7d4e-7c11-9c1b-5a1f00c0ffee\",\"seq\":9,\"final_response\":\"Move 40 % of the load to spot instances.\\nThen talk to sales.\"}"}"#,
    ]);
    insta::assert_snapshot!(story.text("    "));
}

#[test]
fn two_users_stand_side_by_side() {
    let story = story(&[
        r#"{"t_ns":100000000,"conn":1,"user":"ada","k":"open","status":101}"#,
        r#"{"t_ns":200000000,"conn":2,"user":"grace","k":"request","request_id":"r2","intended_t_ns":200000000,"scenario":"costs","prompt":"What did we spend in May?"}"#,
        r#"{"t_ns":300000000,"conn":1,"user":"ada","k":"frame","dir":"in","raw":"{\"type\":\"agent_started\",\"run_id\":\"of-grace\",\"seq\":1}"}"#,
        r#"{"t_ns":350000000,"conn":1,"user":"ada","k":"frame","dir":"in","raw":"{\"type\":\"agent_sta"}"#,
        r#"{"t_ns":400000000,"conn":3,"user":"grace","k":"close","code":1006,"by":"transport"}"#,
        r#"{"t_ns":500000000,"k":"mark","name":"recording","note":"ended"}"#,
    ]);
    insta::assert_snapshot!(story.text("  "));
}

#[test]
fn a_crowd_shares_the_last_column() {
    let lines: Vec<String> = (0..20)
        .map(|n| format!(r#"{{"t_ns":{n},"conn":{n},"user":"user-{}","k":"open","status":503}}"#, n % 5))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let story = story(&lines);
    assert_eq!((story.users.len(), story.untold), (3, 4));
    let text = story.text("");
    assert!(text.contains("others") && text.contains("user-4: (connection 4) is refused (503)"), "{text}");
    assert!(text.contains("and 4 more records"), "{text}");
}
