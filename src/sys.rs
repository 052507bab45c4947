//! The only module with `unsafe`: the allocator's settings, signals, the console and leaving the process.
#![expect(unsafe_code, reason = "each block states why it is sound")]

use std::io;

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
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `time` is a valid timespec for the call to fill.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
        time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
    }
    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    0.0
}

/// Whether whoever started the process made it ignore SIGHUP, as `nohup` does.
pub fn ignores_hangup() -> bool {
    #[cfg(unix)]
    {
        let mut now = std::mem::MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: without a new action the call only fills `now`, which is read only after it did.
        unsafe {
            libc::sigaction(libc::SIGHUP, std::ptr::null(), now.as_mut_ptr()) == 0
                && now.assume_init().sa_sigaction == libc::SIG_IGN
        }
    }
    #[cfg(not(unix))]
    false
}

/// Makes the process ignore SIGHUP.
pub fn ignore_hangup() {
    #[cfg(unix)]
    // SAFETY: ignoring a signal runs no code of ours.
    unsafe {
        libc::signal(libc::SIGHUP, libc::SIG_IGN);
    }
}

/// Lets go of the console window that Windows opened for this process alone, when it was started from the desktop; a
/// terminal that it was started from stays. The program stays one of the console, since shells wait only for those.
pub fn close_own_console() {
    #[cfg(windows)]
    {
        use windows_sys::Win32::System::Console::{FreeConsole, GetConsoleProcessList};
        let mut processes = [0u32; 2];
        // SAFETY: the list has room for as many numbers as it says; freeing a console touches no memory of ours.
        unsafe {
            if GetConsoleProcessList(processes.as_mut_ptr(), processes.len() as u32) == 1 {
                FreeConsole();
            }
        }
    }
}

/// Makes whoever ends the process from outside our code leave as [`exit_now`] does, with status 1: libtorch's destructors
/// crash while a thread of it computes.
pub fn exit_without_destructors() {
    #[cfg(unix)]
    {
        extern "C" fn leave() {
            // SAFETY: _exit never returns and touches no memory of ours.
            unsafe { libc::_exit(1) }
        }
        // SAFETY: `leave` is a function without state; the list of such functions is the C library's.
        unsafe { libc::atexit(leave) };
    }
}

/// Ends the process with a sentence when the X display goes away. Xlib would call `exit` then, and what the graphics
/// driver and libtorch registered there crashes while their threads work. What a run keeps, it kept before: as after a kill.
pub fn end_with_display() {
    #[cfg(target_os = "linux")]
    {
        use x11_dl::xlib::{Display, Xlib};
        extern "C" fn end(_: *mut Display) -> libc::c_int {
            eprintln!(
                "The display went away. A run that was going on can be continued after its last epoch."
            );
            exit_now(1)
        }
        // Without Xlib there is no connection of its to lose.
        if let Ok(xlib) = Xlib::open() {
            // SAFETY: the handler has the type that Xlib asks for, and never returns; the library stays loaded.
            unsafe { (xlib.XSetIOErrorHandler)(Some(end)) };
        }
    }
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
