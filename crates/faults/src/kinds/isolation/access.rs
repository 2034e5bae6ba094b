//! Doors between users: a foreign run that can be resumed, cancelled or read.

use crate::noted::{note, note_in_place_of, probe};
use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_history::RecordKind;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// The epoch and offset that a connection asks to resume from.
fn resume_point(step: &Step) -> Option<(&str, u64)> {
    let RecordKind::Open { url: Some(url), .. } = &step.kind else { return None };
    let point = url.split(['?', '&']).find_map(|part| part.strip_prefix("resume="))?;
    let (epoch, offset) = point.split_once(':')?;
    Some((epoch, offset.parse().ok()?))
}

/// Whoever names a foreign epoch gets that stream replayed.
pub(super) struct ForeignResume {
    aim: Aim,
    epochs: HashMap<String, String>,
    streams: HashMap<String, BTreeMap<u64, Message>>,
    /// Connections that asked for a foreign stream: whose, and from where.
    asked: HashMap<u32, (String, u64)>,
    /// What they were greeted with.
    greeted: HashMap<u32, String>,
}

impl ForeignResume {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            aim: Aim::new(seed),
            epochs: HashMap::new(),
            streams: HashMap::new(),
            asked: HashMap::new(),
            greeted: HashMap::new(),
        }
    }

    fn grant(&mut self, conn: u32, step: &Step, greeting: &Message, act: &mut Act<'_>) {
        let Some((owner, offset)) = self.asked.get(&conn) else { return };
        let missed: Vec<&Message> = self
            .streams
            .get(owner)
            .into_iter()
            .flat_map(|stream| stream.range(offset + 1..).map(|(_, message)| message))
            .collect();
        if missed.is_empty() || !self.aim.hits(&conn.to_string()) {
            return;
        }
        let made = greeting.clone().with("recovered", "full").with("replay", missed.len());
        if let RecordKind::Frame { raw, .. } = made.clone().in_place_of(step).kind {
            self.greeted.insert(conn, raw.into_owned());
        }
        act.say(made, "a foreign stream was resumed");
        for message in &missed {
            act.add((*message).clone().in_place_of(step), "replayed a foreign event");
        }
        let end = json!({ "type": "replay_end", "offset": greeting.whole("offset") });
        act.add(crate::message::raw_in_place_of(step, end.to_string()), "the end of a foreign replay");
    }
}

impl Fault for ForeignResume {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if let (Some((epoch, offset)), Some(conn)) = (resume_point(step), step.conn) {
            if let Some(owner) = self.epochs.get(epoch).filter(|owner| step.user.as_deref() != Some(owner)) {
                self.asked.insert(conn, (owner.clone(), offset));
            }
            return;
        }
        if let Some(mut asked) = probe(step, "foreign_resume") {
            let target = asked["target"].as_str().unwrap_or_default().to_owned();
            let same = |(_, (owner, offset)): &(&u32, &(String, u64))| {
                self.epochs.iter().any(|(epoch, of)| of == owner && target == format!("{epoch}:{offset}"))
            };
            let greeted = self.asked.iter().filter(same).find_map(|(conn, _)| self.greeted.get(conn));
            if let Some(greeting) =
                greeted.filter(|_| step.conn.is_none_or(|conn| self.asked.contains_key(&conn)))
            {
                asked["answer"] = greeting.as_str().into();
                act.alter(note_in_place_of(step, &asked), "a foreign resume was granted");
            }
            return;
        }
        let (Some(conn), Some(message)) = (step.conn, act.message()) else { return };
        let user = act.scene().user_of(conn).unwrap_or_default();
        if message.is("connection_established") {
            match message.text("epoch").filter(|_| !self.asked.contains_key(&conn)) {
                Some(epoch) => drop(self.epochs.insert(epoch.to_owned(), user.to_owned())),
                None => self.grant(conn, step, message, act),
            }
        } else if let (Some(_), Some(offset)) = (message.run(), message.whole("offset")) {
            self.streams.entry(user.to_owned()).or_default().insert(offset, message.clone());
        }
    }
}

/// A cancel ends the run, whoever sends it.
pub(super) struct ForeignCancel {
    aim: Aim,
    /// Runs that were cancelled, and the event that became their end.
    cancelled: HashMap<String, Option<(u64, Message)>>,
    /// Connections whose cancel is not answered any more.
    unanswered: Vec<u32>,
}

impl ForeignCancel {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), cancelled: HashMap::new(), unanswered: Vec::new() }
    }

    fn ended(message: &Message, seq: u64) -> Message {
        let mut end = message.clone();
        let keep = [
            "event_id",
            "timestamp",
            "user_id",
            "thread_id",
            "run_id",
            "request_id",
            "seq",
            "offset",
            "agent_name",
        ];
        end.fields().retain(|field, _| keep.contains(&field.as_str()));
        end.with("type", "agent_cancelled")
            .with("reason", "cancelled by the user")
            .with("duration_ms", 150)
            .with("event_count", seq)
    }

    /// The owner sees the run end at its next event, and nothing behind it.
    fn end(&mut self, message: &Message, run: &str, act: &mut Act<'_>) {
        let (Some(end), Some(seq)) = (self.cancelled.get_mut(run), message.whole("seq")) else { return };
        let (last, end) = end.get_or_insert_with(|| (seq, Self::ended(message, seq))).clone();
        match seq.cmp(&last) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => act.say(end, "another user's cancel ended the run"),
            std::cmp::Ordering::Greater => act.lose("the run was cancelled by another user"),
        }
    }

    fn stored(&self, step: &Step, act: &mut Act<'_>) {
        let Some(mut document) = note(step, "store") else { return };
        let run = document["run_id"].as_str().unwrap_or_default().to_owned();
        let Some(Some((last, end))) = self.cancelled.get(&run) else { return };
        let Some(body) = document["body"].as_object_mut() else { return };
        if let Some(events) = body.get_mut("events").and_then(Value::as_array_mut) {
            events.retain(|event| event["seq"].as_u64().is_some_and(|seq| seq < *last));
            let end = end.clone().without("offset").fields().clone();
            events.push(Value::Object(end));
        }
        body.insert("state".to_owned(), "cancelled".into());
        body.insert("event_count".to_owned(), (*last).into());
        body.insert("final_response".to_owned(), Value::Null);
        act.alter(note_in_place_of(step, &document), "the store keeps a run that another user cancelled");
    }
}

impl Fault for ForeignCancel {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if let Some(sent) = Message::sent(step).filter(|sent| sent.is("cancel")) {
            let Some((run, conn)) = sent.text("run_id").zip(step.conn) else { return };
            let foreign =
                |user: &str| act.scene().run(run).is_some_and(|view| view.user != user && !view.ended);
            if act.scene().user_of(conn).is_some_and(foreign) && self.aim.hits(run) {
                self.cancelled.insert(run.to_owned(), None);
                self.unanswered.push(conn);
            }
            return;
        }
        if let Some(mut asked) = probe(step, "foreign_cancel") {
            if asked["target"].as_str().is_some_and(|run| self.cancelled.contains_key(run)) {
                asked["answer"] = Value::Null;
                act.alter(note_in_place_of(step, &asked), "a foreign cancel was obeyed without a word");
            }
            return;
        }
        let Some(message) = act.message() else { return self.stored(step, act) };
        if let Some(run) = message.run() {
            return self.end(message, run, act);
        }
        let waiting = self.unanswered.iter().position(|conn| Some(*conn) == step.conn);
        if let Some(at) = waiting.filter(|_| message.is("error") && message.text("request_id").is_none()) {
            self.unanswered.remove(at);
            act.lose("the refusal of a foreign cancel");
        }
    }
}

/// `GET /runs/{id}` asks for no owner.
pub(super) struct ForeignRead {
    aim: Aim,
    documents: HashMap<String, Value>,
    ends: HashMap<String, Message>,
}

impl ForeignRead {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), documents: HashMap::new(), ends: HashMap::new() }
    }

    fn document(&self, run: &str) -> Option<Value> {
        let of_its_end = || {
            let end = self.ends.get(run)?;
            Some(json!({
                "run_id": run,
                "thread_id": end.get("thread_id"),
                "request_id": end.get("request_id"),
                "state": "completed",
                "event_count": end.get("event_count"),
                "final_response": end.get("final_response"),
            }))
        };
        self.documents.get(run).cloned().or_else(of_its_end)
    }
}

impl Fault for ForeignRead {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if let Some(stored) = note(step, "store") {
            if let Some(run) = stored["run_id"].as_str() {
                self.documents.insert(run.to_owned(), stored["body"].clone());
            }
        } else if let Some(mut asked) = probe(step, "foreign_read") {
            let run = asked["target"].as_str().unwrap_or_default().to_owned();
            let Some(document) = self.document(&run).filter(|_| self.aim.hits(&run)) else { return };
            asked["status"] = 200.into();
            asked["answer"] = document.to_string().into();
            act.alter(note_in_place_of(step, &asked), "a foreign run was read");
        } else if let Some((message, run)) = act.event().filter(|(message, _)| message.is_terminal()) {
            self.ends.insert(run.to_owned(), message.clone());
        }
    }
}
