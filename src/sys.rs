//! The only module with `unsafe`: memory maps, the allocator's settings and leaving the process.
#![expect(unsafe_code, reason = "each block states why it is sound")]

use std::{fs::File, io};

/// Maps `file` for reading.
///
/// # Errors
/// When the system refuses.
pub fn map_file(file: &File) -> io::Result<memmap2::Mmap> {
    // SAFETY: the cache writes a file completely, renames it into place and never changes it again;
    // nothing else has a reason to touch files in the cache folder. Pixels are bytes, for which every
    // value is valid, so even a foreign change could only alter a picture.
    unsafe { memmap2::Mmap::map(file) }
}

/// Maps `file` for reading and writing.
///
/// # Errors
/// When the system refuses.
pub fn map_file_mut(file: &File) -> io::Result<memmap2::MmapMut> {
    // SAFETY: the file was just created by this process under a random name that only it knows.
    unsafe { memmap2::MmapMut::map_mut(file) }
}

/// Makes `file` `bytes` long with space on the disk for all of it, so that writing through a map cannot
/// run out of it (which would end the process).
///
/// # Errors
/// When the disk is too full.
pub fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    file.set_len(bytes)?;
    #[cfg(target_os = "linux")]
    if bytes > 0 {
        use std::os::fd::AsRawFd as _;
        let length = libc::off_t::try_from(bytes).map_err(io::Error::other)?;
        // SAFETY: the descriptor is open for as long as `file` is borrowed, and no memory is passed.
        match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, length) } {
            0 => {}
            // A file system without this call; what it lacks it has always lacked.
            libc::EOPNOTSUPP | libc::EINVAL => {}
            code => return Err(io::Error::from_raw_os_error(code)),
        }
    }
    Ok(())
}

/// Tells glibc's allocator to keep freed blocks instead of returning them to the system: libtorch
/// frees and asks for the same large buffers every step (1.2–1.9 times faster). Call first in `main`.
pub fn tune_allocator() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const KEEP_BELOW: libc::c_int = 1 << 30;
        const GROW_BY: libc::c_int = 64 << 20;
        // SAFETY: mallopt only stores numbers, and no other thread exists yet.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, KEEP_BELOW);
            libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
            libc::mallopt(libc::M_TOP_PAD, GROW_BY);
            libc::mallopt(libc::M_ARENA_MAX, 1);
        }
    }
}

/// Gives freed memory back to the system: for after a run, since [`tune_allocator`] keeps it.
pub fn release_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim takes no pointers and locks the allocator itself.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// CPU time of the calling thread in seconds; 0 where the system does not tell.
pub fn thread_cpu_secs() -> f64 {
    #[cfg(target_os = "linux")]
    {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `time` is a valid timespec for the call to fill.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
        time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
    }
    #[cfg(not(target_os = "linux"))]
    0.0
}

/// Leaves the process without running C++ destructors, which crash in libtorch when a thread of its
/// pool still computes. Call after every worker is joined and every file is closed.
pub fn exit_now(status: i32) -> ! {
    use io::Write as _;
    // Nothing can be done about a closed pipe at this point.
    let _ = io::stdout().flush();
    let _ = io::stderr().flush();
    #[cfg(unix)]
    // SAFETY: _exit never returns and touches no memory of ours.
    unsafe {
        libc::_exit(status)
    }
    #[cfg(not(unix))]
    std::process::exit(status)
}
