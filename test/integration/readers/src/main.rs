//! `page-reader <1|2|3> <page>`: reads a clock page by the ClockBound client of that generation. For each line "<reads> <pause in µs>" on
//! its input it prints so many lines "<earliest> <latest> <status> <before> <after>", then ".": ns since the epoch, the last two from
//! CLOCK_REALTIME around the call. A read that the client refuses is "error <what it says>".

use std::io::{BufRead, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

type Window = (i128, i128, String);
type Reader = Box<dyn FnMut() -> Result<Window, String>>;

fn now() -> i128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128)
}

fn refuse(error: impl std::fmt::Debug) -> String {
    format!("error {error:?}").replace('\n', " ")
}

/// The clients have different types of one shape.
macro_rules! reader {
    ($client:expr) => {{
        let mut client = $client.map_err(refuse)?;
        Ok(Box::new(move || {
            let read = client.now().map_err(refuse)?;
            let ns = |sec, nsec| i128::from(sec) * 1_000_000_000 + i128::from(nsec);
            Ok((
                ns(read.earliest.tv_sec(), read.earliest.tv_nsec()),
                ns(read.latest.tv_sec(), read.latest.tv_nsec()),
                format!("{:?}", read.clock_status),
            ))
        }))
    }};
}

fn open(generation: &str, path: &str) -> Result<Reader, String> {
    match generation {
        "1" => reader!(client1::ClockBoundClient::new_with_path(path)),
        "2" => reader!(client2::ClockBoundClient::new_with_path(path)),
        "3" => reader!(client3::Client::new_with_path(path)),
        other => Err(format!("error no client {other}")),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let mut output = std::io::BufWriter::new(std::io::stdout());
    let mut reader = match open(&arguments[1], &arguments[2]) {
        Ok(reader) => reader,
        Err(error) => {
            writeln!(output, "{error}")?;
            return Ok(());
        }
    };
    writeln!(output, "open")?;
    output.flush()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut numbers = line.split(' ').filter_map(|number| number.parse::<u64>().ok());
        let (count, pause) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(0));
        for _ in 0..count {
            let before = now();
            match reader() {
                Ok((earliest, latest, status)) => writeln!(output, "{earliest} {latest} {status} {before} {}", now())?,
                Err(error) => writeln!(output, "{error}")?,
            }
            std::thread::sleep(Duration::from_micros(pause));
        }
        writeln!(output, ".")?;
        output.flush()?;
    }
    Ok(())
}
