//! Which libtorch is installed: one row per platform, with the exact wheels and what is kept of them.
//!
//! The files come from the `torch` 2.13.0 wheels on PyPI, the only place that has them for every
//! platform. The library lists are what `libtorch_cpu` names as its own dependencies (`readelf -d`,
//! Mach-O load commands, PE imports of those very files).

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// The version that torch-sys 0.26 insists on.
pub const VERSION: &str = "2.13.0";

/// One installable libtorch.
#[derive(Debug)]
pub struct Pin {
    /// Wheels to fetch, in order.
    pub wheels: &'static [Wheel],
    /// The libraries to keep.
    pub libraries: Libraries,
    /// Most disk space used at once: pip holds a wheel twice for a moment, then it is unpacked.
    pub disk_bytes: u64,
}

/// One wheel: its file name says project, version and platform.
#[derive(Debug)]
pub struct Wheel {
    /// The file name on PyPI.
    pub file: &'static str,
    /// What the file must hash to.
    pub sha256: &'static str,
}

/// Which members of the wheels' `lib` folders are kept.
#[derive(Debug)]
pub enum Libraries {
    /// Exactly these, each of which must exist. Leaving `libtorch_cuda` out makes torch-sys link the CPU build.
    Only(&'static [&'static str]),
    /// Every shared library except those that only Python uses.
    AllShared,
}

impl Pin {
    /// Changes whenever anything about this pin changes, so that an older install is replaced.
    pub fn id(&self) -> String {
        let digest = Sha256::digest(format!("{VERSION} {self:?}"));
        format!("{VERSION} {}", hex(&digest))
    }
}

impl Wheel {
    /// `torch==2.13.0`, as pip wants it.
    pub fn requirement(&self) -> Result<String> {
        let mut parts = self.file.split('-');
        let (name, version) = (parts.next(), parts.next());
        let (Some(name), Some(version)) = (name, version) else {
            bail!("{} is not a wheel's file name", self.file);
        };
        Ok(format!("{name}=={version}"))
    }

    /// The first platform tag, such as `manylinux_2_28_x86_64`.
    pub fn platform(&self) -> Result<&'static str> {
        let tags = self
            .file
            .strip_suffix(".whl")
            .and_then(|stem| stem.rsplit('-').next());
        let tag = tags.and_then(|tags| tags.split('.').next());
        tag.with_context(|| format!("{} is not a wheel's file name", self.file))
    }
}

/// Lower-case hexadecimal, as `sha256sum` prints it.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The row for a platform, named as in [`std::env::consts`].
pub fn pin_for(os: &str, arch: &str, cuda: bool) -> Result<&'static Pin> {
    match (os, arch, cuda) {
        ("linux", "x86_64", false) => Ok(&LINUX_X86_64),
        ("linux", "x86_64", true) => Ok(&LINUX_X86_64_CUDA),
        ("linux", "aarch64", false) => Ok(&LINUX_AARCH64),
        ("linux", "aarch64", true) => Ok(&LINUX_AARCH64_CUDA),
        ("macos", "aarch64", false) => Ok(&MACOS_ARM64),
        ("windows", "x86_64", false) => Ok(&WINDOWS_X86_64),
        ("macos" | "windows", _, true) => {
            bail!(
                "--cuda exists for Linux only: leave it out, or set LIBTORCH to a CUDA libtorch {VERSION} of your own."
            )
        }
        _ => bail!(
            "There is no libtorch {VERSION} wheel for {os} on {arch}: set LIBTORCH to a folder with one that you built."
        ),
    }
}

const MIB: u64 = 1 << 20;

const TORCH_X86_64: Wheel = Wheel {
    file: "torch-2.13.0-cp312-cp312-manylinux_2_28_x86_64.whl",
    sha256: "796633c4cdf0fe2cdced72d8f88f22e73dbcfce83132763162f6d4bff13b820b",
};
const CUDART_X86_64: Wheel = Wheel {
    file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
};
const CUPTI_X86_64: Wheel = Wheel {
    file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
    sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
};
const TORCH_AARCH64: Wheel = Wheel {
    file: "torch-2.13.0-cp312-cp312-manylinux_2_28_aarch64.whl",
    sha256: "572df8be8ffb4599c88cbd6a0726f1f854f4da65d2e3c09f0e2c2283333cd6d4",
};
const CUDART_AARCH64: Wheel = Wheel {
    file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
    sha256: "ef9bcbe90493a2b9d810e43d249adb3d02e98dd30200d86607d8d02687c43f55",
};
const CUPTI_AARCH64: Wheel = Wheel {
    file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_aarch64.whl",
    sha256: "796bd679890ee55fb14a94629b698b6db54bcfd833d391d5e94017dd9d7d3151",
};

/// The Linux wheels are built for CUDA: `libtorch_cpu.so` itself needs the CUDA runtime and CUPTI.
static LINUX_X86_64: Pin = Pin {
    wheels: &[TORCH_X86_64, CUDART_X86_64, CUPTI_X86_64],
    libraries: Libraries::Only(&[
        "libtorch_cpu.so",
        "libc10.so",
        "libgomp.so.1",
        "libcudart.so.13",
        "libcupti.so.13",
    ]),
    disk_bytes: 1200 * MIB,
};

static LINUX_AARCH64: Pin = Pin {
    wheels: &[TORCH_AARCH64, CUDART_AARCH64, CUPTI_AARCH64],
    libraries: Libraries::Only(&[
        "libtorch_cpu.so",
        "libc10.so",
        "libgomp.so.1",
        "libarm_compute.so",
        "libarm_compute_graph.so",
        "libnvpl_blas_core.so.0",
        "libnvpl_blas_lp64_gomp.so.0",
        "libnvpl_lapack_core.so.0",
        "libnvpl_lapack_lp64_gomp.so.0",
        "libcudart.so.13",
        "libcupti.so.13",
    ]),
    disk_bytes: 1000 * MIB,
};

static MACOS_ARM64: Pin = Pin {
    wheels: &[Wheel {
        file: "torch-2.13.0-cp312-cp312-macosx_14_0_arm64.whl",
        sha256: "2fe228aba290d14b9f31b049be550dbd469c3fd3013d7a19705b30454da97027",
    }],
    libraries: Libraries::Only(&[
        "libtorch_cpu.dylib",
        "libtorch.dylib",
        "libc10.dylib",
        "libomp.dylib",
    ]),
    disk_bytes: 600 * MIB,
};

static WINDOWS_X86_64: Pin = Pin {
    wheels: &[Wheel {
        file: "torch-2.13.0-cp312-cp312-win_amd64.whl",
        sha256: "024c6cc0c1b085f2f91f20a3dc27b0471d021c31ce84b81be3afdc39f791fd9d",
    }],
    libraries: Libraries::Only(&[
        "torch_cpu.dll",
        "torch_cpu.lib",
        "torch.dll",
        "torch.lib",
        "c10.dll",
        "c10.lib",
        "libiomp5md.dll",
        "uv.dll",
    ]),
    disk_bytes: 600 * MIB,
};

/// Everything that `pip install torch==2.13.0` resolves to, without the Python-only packages. The
/// hashes are those of `pip install --dry-run --report`.
static LINUX_X86_64_CUDA: Pin = Pin {
    wheels: &[
        TORCH_X86_64,
        CUDART_X86_64,
        CUPTI_X86_64,
        Wheel {
            file: "nvidia_cudnn_cu13-9.20.0.48-py3-none-manylinux_2_27_x86_64.whl",
            sha256: "0c45dd8eeb50b603f07995b1b300c62ffe6a1980482b82b3bcf94a4ca9d49304",
        },
        Wheel {
            file: "nvidia_cusparselt_cu13-0.8.1-py3-none-manylinux2014_x86_64.whl",
            sha256: "786ce87568c303fadb5afcc7102d454cd3040d75f6f8626f5db460d1871f4dd0",
        },
        Wheel {
            file: "nvidia_nccl_cu13-2.29.7-py3-none-manylinux_2_18_x86_64.whl",
            sha256: "edd81538446786ec3b73972543e53bb43bcaf0bfc8ef76cb679fcc390ffe136d",
        },
        Wheel {
            file: "nvidia_nvshmem_cu13-3.4.5-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            sha256: "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
        },
        Wheel {
            file: "nvidia_cublas-13.1.1.3-py3-none-manylinux_2_27_x86_64.whl",
            sha256: "37936a16db8fe4ac1f065c2139360608a543a09275cb1a1af612e08cfa065436",
        },
        Wheel {
            file: "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
            sha256: "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
        },
        Wheel {
            file: "nvidia_cufft-12.0.0.61-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            sha256: "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
        },
        Wheel {
            file: "nvidia_cufile-1.15.1.6-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            sha256: "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
        },
        Wheel {
            file: "nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl",
            sha256: "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
        },
        Wheel {
            file: "nvidia_cusolver-12.0.4.66-py3-none-manylinux_2_27_x86_64.whl",
            sha256: "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
        },
        Wheel {
            file: "nvidia_cusparse-12.6.3.3-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            sha256: "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
        },
        Wheel {
            file: "nvidia_nvtx-13.0.85-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl",
            sha256: "4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4",
        },
        Wheel {
            file: "nvidia_nvjitlink-13.5.37-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
            sha256: "280d7cb9649704145f074b8dbde500de04ce02d0872e066e20a83c17bcaa93eb",
        },
    ],
    libraries: Libraries::AllShared,
    disk_bytes: 8000 * MIB,
};

static LINUX_AARCH64_CUDA: Pin = Pin {
    wheels: &[
        TORCH_AARCH64,
        CUDART_AARCH64,
        CUPTI_AARCH64,
        Wheel {
            file: "nvidia_cudnn_cu13-9.20.0.48-py3-none-manylinux_2_27_aarch64.whl",
            sha256: "e31454ae00094b0c55319d9d15b6fa2fc50a9e1c0f5c8c80fb75258234e731e1",
        },
        Wheel {
            file: "nvidia_cusparselt_cu13-0.8.1-py3-none-manylinux2014_aarch64.whl",
            sha256: "4dca476c50bf4780d46cd0bfbd82e2bc10a08e4fef7950917ce8d7578d22a23f",
        },
        Wheel {
            file: "nvidia_nccl_cu13-2.29.7-py3-none-manylinux_2_18_aarch64.whl",
            sha256: "674a12383e3c38a1bcccae7d4f3633b37852230b6047883cb2f4c2d1b36d9bf5",
        },
        Wheel {
            file: "nvidia_nvshmem_cu13-3.4.5-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
            sha256: "6dc2a197f38e5d0376ad52cd1a2a3617d3cdc150fd5966f4aee9bcebb1d68fe9",
        },
        Wheel {
            file: "nvidia_cublas-13.1.1.3-py3-none-manylinux_2_27_aarch64.whl",
            sha256: "b7a210458267ac818974c53038fbec2e969d5c99f305ab15c72522fa9f001dd5",
        },
        Wheel {
            file: "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
            sha256: "d27f20a0ca67a4bb34268a5e951033496c5b74870b868bacd046b1b8e0c3267b",
        },
        Wheel {
            file: "nvidia_cufft-12.0.0.61-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
            sha256: "2708c852ef8cd89d1d2068bdbece0aa188813a0c934db3779b9b1faa8442e5f5",
        },
        Wheel {
            file: "nvidia_cufile-1.15.1.6-py3-none-manylinux_2_27_aarch64.whl",
            sha256: "bdc0deedc61f548bddf7733bdc216456c2fdb101d020e1ab4b88d232d5e2f6d1",
        },
        Wheel {
            file: "nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_aarch64.whl",
            sha256: "133df5a7509c3e292aaa2b477afd0194f06ce4ea24d714d616ff36439cee349a",
        },
        Wheel {
            file: "nvidia_cusolver-12.0.4.66-py3-none-manylinux_2_27_aarch64.whl",
            sha256: "02c2457eaa9e39de20f880f4bd8820e6a1cfb9f9a34f820eb12a155aa5bc92d2",
        },
        Wheel {
            file: "nvidia_cusparse-12.6.3.3-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
            sha256: "80bcc4662f23f1054ee334a15c72b8940402975e0eab63178fc7e670aa59472c",
        },
        Wheel {
            file: "nvidia_nvtx-13.0.85-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
            sha256: "cb7780edb6b14107373c835bf8b72e7a178bac7367e23da7acb108f973f157a6",
        },
        Wheel {
            file: "nvidia_nvjitlink-13.5.37-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
            sha256: "893f6f9a55b2720ed94913b5ba3332e972da8c78dfa2863d0244403dbd528ffc",
        },
    ],
    libraries: Libraries::AllShared,
    disk_bytes: 8000 * MIB,
};
