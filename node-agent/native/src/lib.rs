//! Meridian's native module: what a node agent needs from the kernel and JavaScript cannot give, namely sockets with kernel time
//! stamps, clocks and their executor, shared pages, and timers that are never early. Protocols and estimation stay in TypeScript.
//!
//! `../index.d.ts` is the contract and says what each exported name does. Set-up objects come from napi-derive; whatever is called
//! per packet or per read is a raw Node-API function (`raw_function.rs`), because a derived method costs thirty times as much.

mod adjustment_ring;
mod allow_list;
mod batch;
mod clock;
mod clock_reader;
mod clock_source;
mod clockbound_layouts;
mod counter;
mod counter_clock;
mod datagram_socket;
mod disruption_signs;
mod disruption_thread;
mod disruption_watch;
mod drain;
mod errors;
mod ethtool;
mod executor;
mod futex;
mod intake;
mod js;
mod kernel_adjust;
mod kernel_lock;
mod kernel_status;
mod layout;
mod link_watch;
mod mapping;
mod memory;
mod notes;
mod ntp_exchanges;
#[cfg(test)]
mod ntp_flood;
mod ntp_message;
mod ntp_outbox;
mod ntp_server;
mod ntp_statement;
mod ntp_thread;
mod oscillator;
mod outgoing;
mod page;
mod page_file;
mod page_layout;
mod page_state;
mod page_writer;
mod port;
mod port_options;
mod port_state;
mod rate_limit;
mod raw_function;
mod realtime_clock;
mod reservation;
mod ring;
mod send_arguments;
mod seqlock;
mod signal;
mod socket;
mod stamp;
mod steerable;
mod steered_history;
mod sync_message;
mod sync_program;
mod sync_thread;
mod thread;
mod time;
mod timer;
mod timerfd;
mod truth;
mod udp;
mod uv;
mod virtual_clock;
mod virtual_file;
mod vm_clock;
