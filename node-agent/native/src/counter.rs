//! The counter that readers of ClockBound's layout 3 read time from: x86's TSC, ARM's virtual count. Taken between barriers, as they do.

/// Where the kernel says what it counts time by. It watches the TSC, and leaves it when it is not even or differs between CPUs.
const CLOCK_SOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

#[cfg(target_arch = "x86_64")]
pub fn read() -> u64 {
    use core::arch::x86_64::{_mm_lfence, _rdtsc};
    // SAFETY: every x86-64 has both.
    unsafe {
        _mm_lfence();
        let count = _rdtsc();
        _mm_lfence();
        count
    }
}

#[cfg(target_arch = "aarch64")]
pub fn read() -> u64 {
    let count: u64;
    // SAFETY: Linux lets user space read this register; it touches no memory.
    unsafe { core::arch::asm!("isb", "mrs {}, cntvct_el0", "isb", out(reg) count, options(nostack)) };
    count
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn read() -> u64 {
    0
}

/// Whether time may be read from it at all: it runs evenly through sleep states and frequency changes, and the kernel itself counts by it.
pub fn is_trusted() -> bool {
    std::fs::read_to_string(CLOCK_SOURCE).is_ok_and(|name| trusts(name.trim(), runs_evenly()))
}

fn trusts(clock_source: &str, runs_evenly: bool) -> bool {
    match clock_source {
        "tsc" => runs_evenly,
        "arch_sys_counter" => true,
        // kvm-clock, hpet and the like: the kernel has a reason not to take the counter.
        _ => false,
    }
}

/// CPUID's invariant TSC.
#[cfg(target_arch = "x86_64")]
fn runs_evenly() -> bool {
    const LARGEST: u32 = 0x8000_0000;
    const POWER: u32 = 0x8000_0007;
    let cpuid = core::arch::x86_64::__cpuid;
    cpuid(LARGEST).eax >= POWER && cpuid(POWER).edx & (1 << 8) != 0
}

#[cfg(not(target_arch = "x86_64"))]
fn runs_evenly() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_read_from_the_counter_only_where_the_kernel_does() {
        assert!(trusts("tsc", true) && trusts("arch_sys_counter", false));
        assert!(!trusts("tsc", false) && !trusts("kvm-clock", true) && !trusts("hpet", true));
    }
}
