//! Row 10: invalid UTF-8, dates at the ends of time, and clients that leave in mid-body.

use std::io::{Read, Write};
use std::time::Duration;

use arengo_bench_channel::frames::read;
use arengo_bench_channel::{Failure, http};

use crate::channel::upgraded;
use crate::report::Finding;
use crate::scene::{Scene, address};

const EVERY: Duration = Duration::from_millis(100);
const INVALID_UTF8: &[u8] =
    b"{\"name\":\"\xff\xfe\",\"password\":\"\xc3\x28\",\"display\":\"\xed\xa0\x80\"}";
const DATES: [&str; 4] = [
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
];
/// Close codes that mean a fault of the server.
const FAULTS: [u16; 2] = [1006, 1011];

pub fn attack(scene: &Scene) -> Result<Vec<Finding>, Failure> {
    let json = "Content-Type: application/json".to_owned();
    let bearer = format!("Authorization: Bearer {}", scene.stranger);
    let ask = |method: &str, path: &str, body: &[u8]| {
        let headers = [json.clone(), bearer.clone()];
        // Signing in and signing up take no token.
        let headers = if path.len() < 20 {
            headers.get(..1)
        } else {
            Some(&headers[..])
        };
        let headers = headers.unwrap_or_default();
        http::request(
            scene.server.address,
            address(10, 1),
            method,
            path,
            headers,
            body,
        )
    };
    let space = format!("/api/v1/spaces/{}", scene.space);
    let (mut asked, mut faults, mut closed_as_fault) = (0, 0, 0);
    for number in 0_usize.. {
        if !scene.pause(EVERY) {
            break;
        }
        asked += 1;
        let answer = match number % 6 {
            0 => ask("POST", "/api/v1/session", INVALID_UTF8),
            1 => ask("POST", "/api/v1/accounts", INVALID_UTF8),
            2 => ask("PATCH", &space, INVALID_UTF8),
            3 => {
                let date = DATES.get(number / 6 % DATES.len()).unwrap_or(&"");
                let body = format!(r#"{{"scheduled_start":"{date}"}}"#);
                ask("PATCH", &space, body.as_bytes())
            }
            4 => {
                // A refused connection is no fault.
                let _refused = leave_in_mid_body(scene, number);
                continue;
            }
            _ => {
                let code = send_invalid_text(scene).unwrap_or_default();
                closed_as_fault += u32::from(FAULTS.contains(&code));
                continue;
            }
        };
        // A missing answer is a fault too, unless the soak ended.
        let is_fault = answer.map_or(!scene.is_over(), |answer| answer.status == 500);
        faults += u32::from(is_fault);
    }
    Ok(vec![
        Finding::none(
            10,
            format!("malformed requests that got 500 or no answer, of {asked}"),
            faults,
        ),
        Finding::none(
            10,
            "channels closed as if by a fault of the server",
            closed_as_fault,
        ),
    ])
}

fn leave_in_mid_body(scene: &Scene, number: usize) -> Result<(), Failure> {
    let mut stream = http::connect(scene.server.address, address(10, 2))?;
    let (path, kind) = match number / 6 % 2 {
        0 => ("session".to_owned(), "application/json"),
        _ => (format!("spaces/{}/whep", scene.space), "application/sdp"),
    };
    write!(
        stream,
        "POST /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: 5000\r\n\r\nv=0"
    )?;
    std::thread::sleep(Duration::from_millis(20));
    Ok(())
}

/// Send invalid text on a channel; returns its close code, 1006 if there is none.
fn send_invalid_text(scene: &Scene) -> Result<u16, Failure> {
    let mut stream = upgraded(scene.server.address, address(10, 3), &scene.other, None)?;
    stream.write_all(&[0x81, 0x84, 0, 0, 0, 0, 0xff, 0xfe, 0xc3, 0x28])?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4_096]);
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        bytes.extend(buffer.iter().take(count));
        if let Some(frame) = read(&bytes)
            && let (8, [high, low, ..]) = (frame.opcode, frame.payload)
        {
            return Ok(u16::from_be_bytes([*high, *low]));
        }
    }
    Ok(1006)
}
