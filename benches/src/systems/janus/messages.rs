//! What is said to Janus and what it says back, one JSON object at a time.

use serde_json::{Value, json};

use crate::Failure;

/// A reply to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// It was taken; what comes of it follows.
    Ack,
    /// A session or a handle was made.
    Made(u64),
    /// What the plugin answered, and the SDP beside it.
    Said {
        data: Value,
        sdp: Option<String>,
    },
    /// Nothing that a client needs to look at.
    Done,
    Refused(String),
}

/// An SDP as it goes beside a request.
#[derive(Debug, Clone, Copy)]
pub enum Description<'a> {
    Offer(&'a str),
    Answer(&'a str),
}

impl Description<'_> {
    fn to_json(self) -> Value {
        match self {
            Description::Offer(sdp) => json!({"type": "offer", "sdp": sdp}),
            Description::Answer(sdp) => json!({"type": "answer", "sdp": sdp}),
        }
    }
}

pub fn create(transaction: u64) -> Value {
    json!({"janus": "create", "transaction": transaction.to_string()})
}

pub fn keep_alive(transaction: u64, session: u64) -> Value {
    let transaction = transaction.to_string();
    json!({"janus": "keepalive", "session_id": session, "transaction": transaction})
}

pub fn attach(transaction: u64, session: u64, plugin: &str) -> Value {
    let transaction = transaction.to_string();
    json!({"janus": "attach", "session_id": session, "plugin": plugin, "transaction": transaction})
}

pub fn message(
    transaction: u64,
    session: u64,
    handle: u64,
    body: &Value,
    description: Option<Description<'_>>,
) -> Value {
    let mut message = json!({
        "janus": "message",
        "session_id": session,
        "handle_id": handle,
        "transaction": transaction.to_string(),
        "body": body,
    });
    if let (Some(description), Some(fields)) = (description, message.as_object_mut()) {
        fields.insert("jsep".into(), description.to_json());
    }
    message
}

/// Read what Janus sent: which request it replies to, and what it says; None for news that nobody asked for.
pub fn reply(bytes: &[u8]) -> Result<Option<(u64, Reply)>, Failure> {
    let message: Value = serde_json::from_slice(bytes)?;
    let transaction = message.get("transaction").and_then(Value::as_str);
    let Some(transaction) = transaction.and_then(|it| it.parse().ok()) else {
        return Ok(None);
    };
    let reply = match message.get("janus").and_then(Value::as_str) {
        Some("ack") => Reply::Ack,
        Some("error") => Reply::Refused(text(message.pointer("/error/reason"))),
        Some("success" | "event") => of_plugin(&message),
        _ => Reply::Done,
    };
    Ok(Some((transaction, reply)))
}

fn of_plugin(message: &Value) -> Reply {
    if let Some(id) = message.pointer("/data/id").and_then(Value::as_u64) {
        return Reply::Made(id);
    }
    let Some(data) = message.pointer("/plugindata/data") else {
        return Reply::Done;
    };
    if data.get("error").is_some() {
        return Reply::Refused(text(data.get("error")));
    }
    let sdp = message.pointer("/jsep/sdp").and_then(Value::as_str);
    Reply::Said {
        data: data.clone(),
        sdp: sdp.map(str::to_owned),
    }
}

fn text(value: Option<&Value>) -> String {
    let text = value.and_then(Value::as_str);
    text.unwrap_or("without a reason").to_owned()
}

/// The Streaming plugin.
pub mod streaming {
    use serde_json::{Value, json};

    pub const PLUGIN: &str = "janus.plugin.streaming";

    /// A mountpoint that takes plain RTP with Opus at each of *ports*.
    pub fn create(id: u64, ports: &[u16]) -> Value {
        let media = |(line, port): (usize, &u16)| {
            json!({
                "type": "audio",
                "mid": line.to_string(),
                "port": port,
                "pt": 111,
                "codec": "opus",
                "rtpmap": "opus/48000/2",
            })
        };
        let media: Vec<Value> = ports.iter().enumerate().map(media).collect();
        json!({"request": "create", "type": "rtp", "id": id, "media": media})
    }

    /// Ask for an offer.
    pub fn watch(id: u64) -> Value {
        json!({"request": "watch", "id": id})
    }

    /// Goes with the answer.
    pub fn start() -> Value {
        json!({"request": "start"})
    }
}

/// The VideoRoom plugin.
pub mod videoroom {
    use serde_json::{Value, json};

    pub const PLUGIN: &str = "janus.plugin.videoroom";

    /// A room in which *publishers* may talk.
    pub fn create(room: u64, publishers: usize) -> Value {
        json!({
            "request": "create",
            "room": room,
            "publishers": publishers,
            "audiocodec": "opus",
            "videocodec": "vp8",
        })
    }

    /// Come in to talk; the reply says under which number one is known.
    pub fn join(room: u64) -> Value {
        json!({"request": "join", "ptype": "publisher", "room": room})
    }

    /// The number in the reply to [`join`].
    pub fn feed(data: &Value) -> Option<u64> {
        data.get("id")?.as_u64()
    }

    /// Goes with the offer.
    pub fn publish() -> Value {
        json!({"request": "publish"})
    }

    /// Ask for an offer of what all of *feeds* say.
    pub fn subscribe(room: u64, feeds: &[u64]) -> Value {
        let streams: Vec<Value> = feeds.iter().map(|feed| json!({"feed": feed})).collect();
        json!({"request": "join", "ptype": "subscriber", "room": room, "streams": streams})
    }

    /// Goes with the answer.
    pub fn start() -> Value {
        json!({"request": "start"})
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    #[test]
    fn a_request_with_an_answer_has_it_beside_the_body() {
        let body = streaming::start();
        let request = message(7, 11, 13, &body, Some(Description::Answer("v=0\r\n")));
        let expected = json!({
            "janus": "message",
            "transaction": "7",
            "session_id": 11,
            "handle_id": 13,
            "body": {"request": "start"},
            "jsep": {"type": "answer", "sdp": "v=0\r\n"},
        });
        assert_eq!(request, expected);
    }

    #[test]
    fn a_mountpoint_has_a_line_for_each_talker() {
        let body = streaming::create(5, &[7_000, 7_002]);
        let ports = body.get("media").unwrap().as_array().unwrap();
        let ports: Vec<_> = ports.iter().map(|line| line.get("port").unwrap()).collect();
        assert_eq!(ports, [7_000, 7_002]);
    }

    #[test]
    fn an_event_is_a_reply_with_its_offer() {
        let event = br#"{"janus":"event","session_id":1,"transaction":"5","sender":2,"plugindata":
            {"plugin":"janus.plugin.streaming","data":{"streaming":"event","result":{"status":"preparing"}}},
            "jsep":{"type":"offer","sdp":"v=0\r\n"}}"#;
        let (transaction, said) = reply(event).unwrap().unwrap();
        assert_eq!(transaction, 5);
        let Reply::Said { data, sdp } = said else {
            unreachable!("{said:?}")
        };
        assert_eq!(data.pointer("/result/status").unwrap(), "preparing");
        assert_eq!(sdp.unwrap(), "v=0\r\n");
    }

    #[test]
    fn sessions_acks_and_refusals_are_told_apart_and_news_is_passed_over() {
        let of = |text: &str| reply(text.as_bytes()).unwrap();
        assert_eq!(
            of(r#"{"janus":"success","transaction":"1","data":{"id":8}}"#),
            Some((1, Reply::Made(8)))
        );
        assert_eq!(
            of(r#"{"janus":"ack","session_id":8,"transaction":"2"}"#),
            Some((2, Reply::Ack))
        );
        let refused = Reply::Refused("no such session".into());
        let error = r#"{"janus":"error","transaction":"3","error":{"code":458,"reason":"no such session"}}"#;
        assert_eq!(of(error), Some((3, refused)));
        let full = r#"{"janus":"event","transaction":"4","plugindata":{"data":{"error_code":432,"error":"full"}}}"#;
        assert_eq!(of(full), Some((4, Reply::Refused("full".into()))));
        assert_eq!(
            of(r#"{"janus":"webrtcup","session_id":8,"sender":9}"#),
            None
        );
        assert!(reply(b"{").is_err());
    }

    #[test]
    fn a_talker_is_known_by_the_number_in_the_reply() {
        let joined = json!({"videoroom": "joined", "room": 1, "id": 77, "private_id": 5});
        assert_eq!(videoroom::feed(&joined), Some(77));
    }
}
