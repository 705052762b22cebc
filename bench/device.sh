#!/bin/sh
# Parity and speed on a bare machine with an NVIDIA GPU: CUDA 13, cuDNN 9 and PyTorch, but no Go and no network.
#
#   bench/device.sh FOLDER [PYTHON]
#
# FOLDER holds the binary (oneactor), libonnxruntime.so.1 and its providers' libraries. It is run in the root of the repository, for models/ and
# workflows/. PYTHON has PyTorch for CUDA (default python3; "none" leaves it out). NVIDIA's libraries are taken from the system, from FOLDER/cuda or
# from the packages of the python3 in the path. Weights are made in /dev/shm (7 GB). torch.compile of SDXL takes minutes, so it is measured last and given
# COMPILE seconds (default 240). Everything else takes about six minutes on an H100.
set -u
folder=$(cd "$1" && pwd)
python=${2:-python3}
weights=$(mktemp -d /dev/shm/oneactor-XXXXXX)
trap 'rm -rf "$weights"' EXIT
PATH=$folder:$PATH
start=$(date +%s)
say() { echo "== $(($(date +%s) - start)) s: $*"; }

export PATH
peers="--peers --python $python"
[ "$python" != none ] || peers=

say doctor
oneactor doctor --device cuda || exit 1

say weights
oneactor bench weights "$weights/sd15.safetensors" &
oneactor bench weights --family sdxl "$weights/sdxl.safetensors" || exit 1
wait

# measure SECONDS FLAGS...: one run of the benchmark, stopped when it takes too long.
measure() {
	limit=$1
	shift
	say "$*"
	timeout "$limit" oneactor bench gpu --device cuda --folder "$weights" "$@" || echo "stopped or failed: $*"
}

say 'the demo, on the CPU and on the GPU'
for device in cpu cuda; do
	timeout 90 oneactor run workflows/demo.json --device $device --output-directory "$weights/$device" 2>&1 | grep identity || echo "failed on $device"
done
measure 60 --only parity-sd15-512,parity-gradients
measure 90 --only guided-sd15-512 $peers --eager
measure 60 --only sdxl-1024-b1,sd15-512-b1 $peers --eager
measure 90 --only sdxl-1024-b4,sd15-512-b4,vae-512,vae-1024 $peers --eager --rounds 8
measure 90 --only picture-sd15-512-b1,picture-sdxl-1024-b1,picture-sdxl-1024-b4 $peers --eager
measure 120 --only tune-sd15-512 $peers
measure 150 --only gradients-sd15-512
measure "${COMPILE:-240}" --only sdxl-1024-b1 $peers
