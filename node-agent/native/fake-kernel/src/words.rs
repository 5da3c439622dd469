//! The words of the state file, 8 octets each, in the order of this list: js/testing/fake-kernel.ts reads their names from here. Those
//! whose names end in Ppb are doubles, the others signed integers. Tests write the first part before a process starts, and requests and
//! faults at any time.

#[repr(usize)]
#[derive(Clone, Copy)]
pub enum Word {
    // What the machine is like.
    /// The pretended CAP_SYS_TIME: 1 or 0.
    MayAdjust,
    /// Frequency error of the oscillator.
    OscillatorPpb,
    /// CLOCK_REALTIME − truth at the start, ns.
    RealtimeOffset,
    /// 1: there is a /dev/ptp0.
    PhcPresent,
    PhcWritable,
    PhcOscillatorPpb,
    /// PHC − truth at the start, ns.
    PhcOffset,
    /// ppb.
    PhcMaxAdjustment,
    /// What its driver rounds a frequency to; 0: nothing.
    PhcQuantumPpb,
    /// 1: it tells the rounded frequency, unlike most.
    PhcTellsRounded,
    PhcHasPrecise,
    PhcHasExtended,
    PhcHasAlternating,
    /// 1: a kernel before 5.4, without the ioctls of "2".
    PhcIsOld,

    // Requests, done at the next call; 0: none.
    /// Another program steps CLOCK_REALTIME by so much, ns.
    RealtimeStepRequest,
    /// Another program sets its frequency: 1, and to this, 2^-16 ppm.
    RealtimeFrequencyRequest,
    RealtimeFrequencyRequested,
    /// The driver resets the PHC to 1970.
    PhcResetRequest,
    PhcFrequencyRequest,
    PhcFrequencyRequested,

    // Faults: 1, or how often.
    PhcGone,
    PhcInterrupts,
    PhcBusySamples,
    PhcBusyAdjustments,
    /// Reading the PHC takes so much longer, ns.
    PhcReadDelay,

    // The kernel's own variables.
    Frequency,
    Tick,
    Status,
    MaximumError,
    EstimatedError,
    TimeConstant,
    TaiOffset,
    /// Rest of an adjtime(3), µs.
    TimeAdjust,
    /// Rest of a phase that the PLL slews, ns.
    TimeOffset,
    /// What both do in this second.
    SlewPpb,
    /// CLOCK_REALTIME of the next second, ns.
    SecondAt,
    /// Sum of all steps, ns.
    Stepped,
    PhcPpb,
    /// As clock_adjtime tells it, 2^-16 ppm.
    PhcDialed,
    PhcAnchorOscillator,
    PhcAnchorTime,
    /// CLOCK_REALTIME that the RTC was set to last, ns, and the truth then.
    RtcTime,
    RtcSetAt,

    // What tests look at.
    /// CLOCK_REALTIME − truth and PHC − truth at the last call, ns, and the truth then.
    TrueError,
    PhcTrueError,
    TruthAt,
    RealtimeAdjustments,
    PhcReads,
    PhcAdjustments,
    PreciseSamples,
    ExtendedSamples,
    AlternatingSamples,
    RtcWrites,

    // The library's own.
    Started,
    Lock,
    TruthBase,
    MonotonicBase,
    RawBase,
    RingCount,
    Count,
}

/// Changes of CLOCK_REALTIME, three words each: oscillator and clock, ns, and the frequency from then on (double).
pub const RING_AT: usize = 128;
pub const RING: usize = 64;
/// For each of 25 samples how long the system was read before the device, and how long after it, ns: two words each.
pub const SAMPLES_AT: usize = RING_AT + 3 * RING;
pub const SAMPLES: usize = 25;
pub const FILE_WORDS: usize = 512;

const _: () = assert!(Word::Count as usize <= RING_AT && SAMPLES_AT + 2 * SAMPLES <= FILE_WORDS);
