//! Lets every binary and test of this package find libtorch at run time without `LD_LIBRARY_PATH`.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("CARGO_CFG_WINDOWS").is_some() {
        return copy_dlls();
    }
    let Ok(lib) = env::var("DEP_TCH_LIBTORCH_LIB") else {
        return Ok(());
    };
    // `cargo xtask dist` asks for a path relative to the program.
    println!("cargo:rerun-if-env-changed=CONVSCOPE_RPATH");
    let rpath = env::var("CONVSCOPE_RPATH").unwrap_or_else(|_| lib.clone());
    println!("cargo:rustc-link-arg=-Wl,-rpath,{rpath}");
    println!("cargo:rerun-if-changed={lib}");
    if Path::new(&lib).join("libtorch_cuda.so").exists() {
        // Nothing calls it by name, so the linker would drop it and CUDA would not be found.
        println!("cargo:rustc-link-arg=-Wl,--no-as-needed,-ltorch_cuda,--as-needed");
    }
    Ok(())
}

/// Windows has no rpath: the libraries must lie beside the program, and beside the tests in `deps`.
fn copy_dlls() -> io::Result<()> {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    println!("cargo:rerun-if-env-changed=LIBTORCH_USE_PYTORCH");
    let (Some(libtorch), None) = (env::var_os("LIBTORCH"), env::var_os("LIBTORCH_USE_PYTORCH"))
    else {
        return Ok(()); // Python's own torch must be on the PATH.
    };
    // OUT_DIR is `<profile folder>/build/<package>/out`.
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let Some(profile) = out.ancestors().nth(3) else {
        return Ok(());
    };
    for entry in fs::read_dir(Path::new(&libtorch).join("lib"))? {
        let dll = entry?.path();
        let Some(name) = dll
            .file_name()
            .filter(|_| dll.extension().is_some_and(|ending| ending == "dll"))
        else {
            continue;
        };
        for folder in [
            profile.to_owned(),
            profile.join("deps"),
            profile.join("examples"),
        ] {
            let target = folder.join(name);
            if !target.exists() && fs::hard_link(&dll, &target).is_err() {
                fs::copy(&dll, &target)?;
            }
        }
    }
    Ok(())
}
