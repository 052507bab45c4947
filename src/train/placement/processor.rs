//! What processor this is and whether it multiplies bfloat16 itself.

use sysinfo::{CpuRefreshKind, System};

/// Whether the processor multiplies bfloat16 itself; elsewhere that is slower than f32 and need not be timed.
pub fn multiplies_bf16() -> bool {
    flags()
        .iter()
        .any(|(flag, has)| flag.contains("bf16") && *has)
}

/// Its model and what it can do, which together decide how fast each way of computing is.
pub fn name() -> String {
    let model = System::new().ok().and_then(|mut system| {
        system.refresh_cpu_list(CpuRefreshKind::nothing());
        Some(system.cpus().first()?.brand().trim().to_owned())
    });
    let model = model.unwrap_or_default();
    let flags = flags().into_iter().filter(|(_, has)| *has);
    let words: Vec<&str> = flags.map(|(flag, _)| flag).collect();
    format!("{model} ({})", words.join(" "))
}

#[cfg(target_arch = "x86_64")]
fn flags() -> Vec<(&'static str, bool)> {
    use std::arch::{is_x86_feature_detected, x86_64::__cpuid_count};
    /// Leaf 7 of CPUID, bit of EDX (Intel's manual, volume 2A).
    const AMX_BF16: u32 = 1 << 22;
    let has_amx = is_x86_feature_detected!("avx512f") && __cpuid_count(7, 0).edx & AMX_BF16 != 0;
    vec![
        ("avx2", is_x86_feature_detected!("avx2")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bf16", is_x86_feature_detected!("avx512bf16")),
        ("amx-bf16", has_amx),
    ]
}

#[cfg(target_arch = "aarch64")]
fn flags() -> Vec<(&'static str, bool)> {
    use std::arch::is_aarch64_feature_detected;
    vec![
        ("bf16", is_aarch64_feature_detected!("bf16")),
        ("i8mm", is_aarch64_feature_detected!("i8mm")),
        ("sve", is_aarch64_feature_detected!("sve")),
    ]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn flags() -> Vec<(&'static str, bool)> {
    Vec::new()
}
