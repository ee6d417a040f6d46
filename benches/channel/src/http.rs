//! The little HTTP/1.1 that signalling takes: one request, one answer, blocking.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::time::Duration;

use serde_json::Value;
use socket2::{Domain, Protocol, Socket, Type};

use crate::Failure;

/// A join storm lets requests wait.
const PATIENCE: Duration = Duration::from_secs(60);
const MOST_BODY: u64 = 4 << 20;

/// An answer.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// In their order, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(known, _)| known == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// The body where the request was granted.
    pub fn granted(self) -> Result<String, Failure> {
        if (200..300).contains(&self.status) {
            Ok(self.body)
        } else {
            Err(format!("refused with {}: {}", self.status, self.body).into())
        }
    }

    /// The body as JSON where the request was granted.
    pub fn json(self) -> Result<Value, Failure> {
        Ok(serde_json::from_str(&self.granted()?)?)
    }
}

/// A TCP connection to *server*, from the address *from*.
pub fn connect(server: SocketAddrV4, from: Ipv4Addr) -> Result<TcpStream, Failure> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.connect_timeout(&SocketAddr::V4(server).into(), PATIENCE)?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Send one request from the address *from*; *headers* are whole lines without their ends.
pub fn request(
    server: SocketAddrV4,
    from: Ipv4Addr,
    method: &str,
    path: &str,
    headers: &[String],
    body: impl AsRef<[u8]>,
) -> Result<Response, Failure> {
    let body = body.as_ref();
    let mut stream = connect(server, from)?;
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(&[head.as_bytes(), body].concat())?;
    read(&mut BufReader::new(stream))
}

/// Read one answer; the body is as long as it says, comes in chunks, or goes on until the end.
pub fn read(from: &mut impl BufRead) -> Result<Response, Failure> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| format!("not an HTTP answer: {line:?}"))?;
    let mut headers = Vec::new();
    let (mut length, mut is_chunked) = (None, false);
    loop {
        line.clear();
        from.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let (name, value) = (name.to_ascii_lowercase(), value.trim());
        match name.as_str() {
            "content-length" => length = Some(value.parse()?),
            "transfer-encoding" => is_chunked = value.eq_ignore_ascii_case("chunked"),
            _ => {}
        }
        headers.push((name, value.to_owned()));
    }
    let mut body = Vec::new();
    if is_chunked {
        loop {
            line.clear();
            from.read_line(&mut line)?;
            let size = u64::from_str_radix(line.trim(), 16)?;
            from.take(size).read_to_end(&mut body)?;
            line.clear();
            from.read_line(&mut line)?;
            if size == 0 {
                break;
            }
        }
    } else {
        let length = length.unwrap_or(MOST_BODY);
        from.take(length).read_to_end(&mut body)?;
    }
    Ok(Response {
        status,
        headers,
        body: String::from_utf8(body)?,
    })
}
