package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneactor/oneactor/runtime/lower"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// GPUOptions of GPU; the zero value measures every part on cuda:0, without PyTorch.
type GPUOptions struct {
	Folder  string            // where the random weights lie, or are written; empty: a temporary one
	Python  string            // an interpreter with PyTorch for CUDA, to compare with; empty: none
	Rounds  int               // runs of each part; 0: 20
	Only    []string          // names of parts; empty: all
	Library string            // onnxruntime, as ort.Options has it
	Device  string            // empty: cuda
	CUDA    map[string]string // as ort.Options has it
	Profile string            // path that onnxruntime's traces begin with; empty: none
	Eager   bool              // PyTorch without torch.compile only
}

// gpuPart is one network at one size.
type gpuPart struct {
	name    string
	net     string // unet-sd15, unet-sdxl or vae, as peers_gpu.py calls them too
	size    int    // of the picture
	batch   int
	compute onnx.DType
}

// Guided sampling looks at two latents for each picture.
var gpuParts = []gpuPart{
	{"sd15-512-b1", "unet-sd15", 512, 2, onnx.Float16},
	{"sd15-512-b4", "unet-sd15", 512, 8, onnx.Float16},
	{"sd15-512-b8", "unet-sd15", 512, 16, onnx.Float16},
	{"sdxl-1024-b1", "unet-sdxl", 1024, 2, onnx.Float16},
	{"sdxl-1024-b4", "unet-sdxl", 1024, 8, onnx.Float16},
	{"sdxl-1024-b8", "unet-sdxl", 1024, 16, onnx.Float16},
	{"vae-512", "vae", 512, 1, onnx.Float32},
	{"vae-1024", "vae", 1024, 1, onnx.Float32},
	{"vae-1024-half", "vae", 1024, 1, onnx.Float16},
}

// gpuPictures are pictures from noise: 20 guided steps of Euler's method and the decoder.
var gpuPictures = []gpuPart{
	{"picture-sd15-512-b1", "unet-sd15", 512, 2, onnx.Float16},
	{"picture-sdxl-1024-b1", "unet-sdxl", 1024, 2, onnx.Float16},
	{"picture-sdxl-1024-b4", "unet-sdxl", 1024, 8, onnx.Float16},
}

// GPUParts lists what GPU can measure.
func GPUParts() []string {
	var names []string
	for _, p := range slices.Concat(gpuParts, gpuPictures) {
		names = append(names, p.name)
	}
	return append(names, parityPart, gradientParityPart, guidedPart, tunePart, gradientsPart)
}

// GPU measures networks of real size with random weights on a CUDA device and prints a table: the median time of a run, operations per second
// against the card's own matrix product, memory of the device, and PyTorch's times (float16, channels last, scaled_dot_product_attention;
// with and without torch.compile) on the same weights. A ratio is PyTorch's time by ours: above 1 oneactor is faster.
func GPU(ctx context.Context, o GPUOptions, out io.Writer) (err error) {
	o.Rounds = cmp.Or(o.Rounds, 20)
	for _, name := range o.Only {
		if !slices.Contains(GPUParts(), name) {
			return fmt.Errorf("bench gpu: part %q is not known; use some of %s", name, strings.Join(GPUParts(), ", "))
		}
	}
	rt, err := ort.Open(ort.Options{Library: o.Library, Device: cmp.Or(o.Device, "cuda"), CUDA: o.CUDA})
	if err != nil {
		return err
	}
	if o.Folder == "" {
		if o.Folder, err = os.MkdirTemp("", "oneactor-bench-*"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.Folder)) }()
	} else if o.Folder, err = filepath.Abs(o.Folder); err != nil {
		return err
	}
	b := &gpuBench{o: o, rt: rt, out: out}
	fmt.Fprintf(out, "onnxruntime %s on %s, %d rounds\n", rt.Report().Version, gpuName(ctx), o.Rounds)
	if rt.Device().CUDA {
		if b.peak, err = b.matmulPeak(ctx); err != nil {
			return fmt.Errorf("bench gpu: matrix product: %w", err)
		}
		fmt.Fprintf(out, "matrix product 8192x8192x8192, float16: %.0f TFLOP/s\n", b.peak/1e12)
	}
	fmt.Fprintln(out, "| part | ms | TFLOP/s | of the peak | MiB | PyTorch ms | ratio | compiled ms | ratio | PyTorch MiB | differs |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|---|---|---|")
	for _, p := range gpuParts {
		if len(o.Only) > 0 && !slices.Contains(o.Only, p.name) {
			continue
		}
		if err := b.measure(ctx, p); err != nil {
			return fmt.Errorf("bench gpu: %s: %w", p.name, err)
		}
	}
	for _, p := range gpuPictures {
		if len(o.Only) > 0 && !slices.Contains(o.Only, p.name) {
			continue
		}
		if err := b.pictures(ctx, p); err != nil {
			return fmt.Errorf("bench gpu: %s: %w", p.name, err)
		}
	}
	for _, p := range []struct {
		name string
		run  func(context.Context) error
	}{{parityPart, b.parity}, {gradientParityPart, b.gradientParity}, {guidedPart, b.guided}, {tunePart, b.tune}, {gradientsPart, b.gradients}} {
		if len(o.Only) > 0 && !slices.Contains(o.Only, p.name) {
			continue
		}
		if err := p.run(ctx); err != nil {
			return fmt.Errorf("bench gpu: %s: %w", p.name, err)
		}
	}
	return nil
}

type gpuBench struct {
	o    GPUOptions
	rt   *ort.Runtime
	out  io.Writer
	peak float64 // operations per second
}

// file is the weights of a network, written on the first need.
func (b *gpuBench) file(ctx context.Context, net string) (string, error) {
	o := WeightsOptions{SDXL: net == "unet-sdxl"}
	if err := os.MkdirAll(b.o.Folder, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(b.o.Folder, map[bool]string{true: "sdxl.safetensors", false: "sd15.safetensors"}[o.SDXL])
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, WriteWeights(ctx, path, o)
}

// graph is the network with sizes fixed where exact is set, and the file it reads.
func (b *gpuBench) graph(ctx context.Context, p gpuPart, exact bool) (*onnx.Graph, func(), error) {
	path, err := b.file(ctx, p.net)
	if err != nil {
		return nil, nil, err
	}
	open := weights.OpenCheckpoint
	if p.net == "unet-sdxl" {
		open = weights.OpenUNet
	}
	c, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	var batch, size, tokens int
	if exact {
		batch, size, tokens = p.batch, p.size/8, clipLength
	}
	var g *onnx.Graph
	if p.net == "vae" {
		g, err = model.VAEDecoder(c.VAE, model.VAEOptions{Batch: batch, Height: size, Width: size})
	} else {
		g, err = model.UNet(c.UNet, model.UNetOptions{Even: !exact, Batch: batch, Height: size, Width: size, Tokens: tokens})
	}
	return g, func() { _ = c.Close() }, err
}

// inputs draws the same ones every time.
func (p gpuPart) inputs(g *onnx.Graph) map[string]*tensor.Tensor {
	r := rand.New(rand.NewPCG(1, 2))
	in := map[string]*tensor.Tensor{}
	for _, v := range g.Inputs {
		t := tensor.New(map[string][]int{
			"x": {p.batch, 4, p.size / 8, p.size / 8}, "z": {p.batch, 4, p.size / 8, p.size / 8}, "timesteps": {p.batch},
			"context": {p.batch, clipLength, int(v.Shape[len(v.Shape)-1])}, "y": {p.batch, sdxlVector},
		}[v.Name]...)
		for i := range t.Data {
			t.Data[i] = float32(r.NormFloat64())
			if v.Name == "timesteps" {
				t.Data[i] = 500
			}
		}
		in[v.Name] = t
	}
	return in
}

func (b *gpuBench) measure(ctx context.Context, p gpuPart) error {
	exact, done, err := b.graph(ctx, p, true)
	if err != nil {
		return err
	}
	work := flops(exact)
	done()
	g, done, err := b.graph(ctx, p, false)
	if err != nil {
		return err
	}
	defer done()
	lowered, err := lower.Graph(g, lower.Options{Compute: p.compute})
	if err != nil {
		return err
	}
	before := gpuMemory(ctx)
	o := ort.SessionOptions{Level: ort.Packed}
	if b.o.Profile != "" {
		o.Profile = b.o.Profile + p.name
	}
	start := time.Now()
	session, err := newSession(ctx, b.rt, lowered, o)
	if err != nil {
		return err
	}
	loaded := time.Since(start)
	closed := false
	defer func() {
		if !closed {
			_ = session.Close()
		}
	}()
	in := p.inputs(g)
	values := map[string]ort.Value{}
	for name, t := range in {
		values[name] = ort.FromTensor(t)
	}
	var result []*tensor.Tensor
	start = time.Now()
	for range 3 {
		if result, err = session.Run(ctx, values); err != nil {
			return err
		}
	}
	warm := time.Since(start)
	var seconds []float64
	for range b.o.Rounds {
		start := time.Now()
		if _, err := session.Run(ctx, values); err != nil {
			return err
		}
		seconds = append(seconds, time.Since(start).Seconds())
	}
	memory := gpuMemory(ctx) - before
	closed = true
	if err := session.Close(); err != nil {
		return err
	}
	ours := median(seconds)
	fmt.Fprintf(b.out, "| %s | %.2f | %.0f | %.0f %% | %d |", p.name, ours*1e3, work/ours/1e12, 100*work/ours/max(b.peak, 1), memory)
	if b.o.Python == "" {
		fmt.Fprintf(b.out, " loaded %.1f s, warm %.1f s |\n", loaded.Seconds(), warm.Seconds())
		return nil
	}
	eager, err := b.torch(ctx, p, in, result[0], "eager")
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, " %.2f | %.2f |", eager.Seconds*1e3, eager.Seconds/ours)
	if b.o.Eager {
		fmt.Fprint(b.out, " - | - |")
	} else {
		compiled, err := b.torch(ctx, p, in, result[0], "compile")
		if err != nil {
			return err
		}
		fmt.Fprintf(b.out, " %.2f | %.2f |", compiled.Seconds*1e3, compiled.Seconds/ours)
	}
	fmt.Fprintf(b.out, " %d | %.1e, PyTorch's float16 %.1e |\n", eager.MiB, eager.Differs, eager.Own)
	return nil
}

func newSession(ctx context.Context, rt *ort.Runtime, g *onnx.Graph, o ort.SessionOptions) (*ort.Session, error) {
	proto, err := g.Proto()
	if err != nil {
		return nil, err
	}
	return rt.NewSession(ctx, proto, o)
}

// matmulPeak is how many operations a second the device does in a large matrix product of random numbers, as onnxruntime calls it.
func (b *gpuBench) matmulPeak(ctx context.Context) (float64, error) {
	const n, times = 8192, 20
	bld := onnx.NewBuilder("matrix product")
	x := bld.Cast(bld.Input("x", onnx.Float32, n, 1), onnx.Float16)
	y := bld.Cast(bld.Input("y", onnx.Float32, 1, n), onnx.Float16)
	a := bld.Mul(x, y)
	out := a
	for range times {
		out = bld.MatMul(a, out)
	}
	bld.Output("out", bld.Cast(bld.Op("ReduceMax", out), onnx.Float32))
	g, err := bld.Graph()
	if err != nil {
		return 0, err
	}
	s, err := newSession(ctx, b.rt, g, ort.SessionOptions{})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	r := rand.New(rand.NewPCG(5, 6))
	column, row := make([]float32, n), make([]float32, n)
	for i := range column {
		column[i], row[i] = float32(r.NormFloat64())/64, float32(r.NormFloat64())/64
	}
	values := map[string]ort.Value{"x": ort.FromFloat32(column, n, 1), "y": ort.FromFloat32(row, 1, n)}
	var best float64
	for range 5 {
		start := time.Now()
		if _, err := s.Run(ctx, values); err != nil {
			return 0, err
		}
		best = max(best, 2*n*n*n*times/time.Since(start).Seconds())
	}
	return best, nil
}

// gpuMemory is the MiB in use on the first device, 0 where nvidia-smi does not say.
func gpuMemory(ctx context.Context) int {
	text, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-i", "0").Output()
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return n
}

func gpuName(ctx context.Context) string {
	text, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader", "-i", "0").Output()
	if err != nil {
		return "no card that nvidia-smi knows"
	}
	return strings.TrimSpace(string(text))
}
