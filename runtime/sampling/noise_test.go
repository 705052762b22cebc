package sampling

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

func TestNoiseGolden(t *testing.T) {
	for _, path := range goldentest.Files(t, "unit", "noise*.safetensors") {
		file := goldentest.Load(t, path)
		relative := goldentest.Tolerance(t, path, 1e-5)
		for _, name := range file.Names() {
			t.Run(name, func(t *testing.T) {
				seed, batch, err := parseNoiseName(name)
				if err != nil {
					t.Fatal(err)
				}
				want := file.Get(t, name)
				got, err := Noise(seed, want.Shape, batch)
				if err != nil {
					t.Fatal(err)
				}
				goldentest.Close(t, name, got, want, relative)
			})
		}
	}
}

// parseNoiseName reads s<seed>.<shape>[.batch_<index>_<index>…].
func parseNoiseName(name string) (seed uint64, batch []int, err error) {
	parts := strings.Split(name, ".")
	seed, err = strconv.ParseUint(strings.TrimPrefix(parts[0], "s"), 10, 64)
	if err != nil || len(parts) < 3 {
		return seed, nil, err
	}
	for _, s := range strings.Split(strings.TrimPrefix(parts[2], "batch_"), "_") {
		index, err := strconv.Atoi(s)
		if err != nil {
			return 0, nil, err
		}
		batch = append(batch, index)
	}
	return seed, batch, nil
}

func TestNoise(t *testing.T) {
	// First values of PyTorch 2's torch.manual_seed(s); torch.randn(1,4,8,8).
	for seed, want := range map[uint64][]float32{
		0:         {-1.12584, -1.15236, -0.250579, -0.433879, 0.84871, 0.692009, -0.316013, -2.115219, 0.322275, -1.263335},
		1:         {-1.525596, -0.750232, -0.653981, -1.609485},
		5:         {1.84233, 0.518887, -1.711921, -1.701379},
		42:        {1.926915, 1.487284, 0.900717, -2.105521},
		1<<32 + 5: {1.84233, 0.518887, -1.711921, -1.701379},
	} {
		got, err := Noise(seed, []int{1, 4, 8, 8}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			if math.Abs(float64(got.Data[i]-w)) > 1e-6 {
				t.Errorf("seed %d: value %d is %v, want %v", seed, i, got.Data[i], w)
			}
		}
	}
}

func TestNoiseArguments(t *testing.T) {
	tests := map[string]struct {
		shape, batch []int
		err          string
	}{
		"empty batch":         {[]int{0, 4, 2, 2}, nil, ""},
		"empty batch, index":  {[]int{0, 4, 2, 2}, []int{}, ""},
		"no shape":            {nil, nil, "shape"},
		"negative size":       {[]int{1, -1}, nil, "shape"},
		"index missing":       {[]int{2, 1, 1, 1}, []int{0}, "1 batch indexes"},
		"negative index":      {[]int{1, 1, 1, 1}, []int{-1}, "index -1"},
		"index beyond reason": {[]int{1, 1, 1, 1}, []int{math.MaxInt}, "batch index"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Noise(math.MaxUint64, tt.shape, tt.batch)
			if tt.err == "" {
				if err != nil || !slices.Equal(got.Shape, tt.shape) {
					t.Fatalf("got %v, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error is %v, want one about %q", err, tt.err)
			}
		})
	}
}

func TestSeedSequence(t *testing.T) {
	// numpy.random.SeedSequence(42, spawn_key=…, pool_size=24).generate_state(n)
	tests := map[string]struct {
		spawn []uint64
		want  []uint32
	}{
		"no spawn key": {nil, []uint32{387750627, 2536650517, 4078839648}},
		"0,0":          {[]uint64{0, 0}, []uint32{2102017995, 2891809698, 2144110403, 379559146}},
		"1,1":          {[]uint64{1, 1}, []uint32{1058881542, 1039740124, 2218853409, 2234354429}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := newSeedSequence(42, tt.spawn...).generate(len(tt.want)); !slices.Equal(got, tt.want) {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestBrownianGolden(t *testing.T) {
	for _, path := range goldentest.Files(t, "unit", "brownian*.safetensors") {
		file := goldentest.Load(t, path)
		relative := goldentest.Tolerance(t, path, 1e-5)
		var cases []struct {
			Key      string     `json:"key"`
			Seed     uint64     `json:"seed,string"`
			Interval [2]float32 `json:"interval"`
		}
		if err := json.Unmarshal([]byte(file.Metadata()["cases"]), &cases); err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			t.Run(c.Key, func(t *testing.T) {
				want, steps := file.Get(t, c.Key), file.Get(t, c.Key+".steps")
				source := brownianNoise{newBrownianTree(c.Seed, c.Interval[0], c.Interval[1])}
				got := tensor.New(want.Shape...)
				for i := range want.Shape[0] {
					source.draw(got.Rows(i, i+1).Data, steps.Data[2*i], steps.Data[2*i+1])
				}
				goldentest.Close(t, c.Key, got, want, relative)
			})
		}
	}
}

func TestBrownianIncrement(t *testing.T) {
	tree := newBrownianTree(7, 0.03, 14.6)
	whole, left, right, none := make([]float32, 20), make([]float32, 20), make([]float32, 20), make([]float32, 20)
	tree.increment(whole, 0, 20) // clamped to the interval
	tree.increment(left, 0.03, 3)
	tree.increment(right, 3, 14.6)
	none[0] = 1
	tree.increment(none, 3, 3)
	for i := range whole {
		if math.Abs(float64(left[i]+right[i]-whole[i])) > 1e-5 {
			t.Errorf("value %d: parts %v and %v, whole %v", i, left[i], right[i], whole[i])
		}
	}
	if slices.Max(none) != 0 {
		t.Errorf("increment over nothing is %v", none)
	}
}

// TestDrawsGolden draws whole numbers after the noise of a latent, as the random patches of a model do.
func TestDrawsGolden(t *testing.T) {
	for _, path := range goldentest.Files(t, "unit", "draws*.json") {
		var cases map[string]struct {
			Seed   uint64               `json:"seed"`
			Latent []int                `json:"latent"`
			Draws  [][2]json.RawMessage `json:"draws"`
		}
		goldentest.JSON(t, path, &cases)
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				generator := NewGenerator(c.Seed)
				generator.Normal(make([]float32, tensor.Size(c.Latent)))
				for i, draw := range c.Draws {
					var limit int64
					var want []int64
					if err := json.Unmarshal(draw[0], &limit); err != nil {
						t.Fatal(err)
					}
					if err := json.Unmarshal(draw[1], &want); err != nil {
						t.Fatal(err)
					}
					for j, w := range want {
						if got := generator.Intn(limit); got != w {
							t.Fatalf("draw %d.%d below %d is %d, want %d", i, j, limit, got, w)
						}
					}
				}
			})
		}
	}
}

func BenchmarkNoise(b *testing.B) {
	for b.Loop() {
		if _, err := Noise(1, []int{1, 4, 64, 64}, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBrownian(b *testing.B) {
	tree := newBrownianTree(1, 0.03, 14.6)
	dst := make([]float32, 4*64*64)
	for b.Loop() {
		tree.increment(dst, 1.5, 2.5)
	}
}

func TestGeneratorMath(t *testing.T) {
	generator := NewGenerator(1)
	values := []float32{0, 1. / (1 << 24), 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1 - 1./(1<<24), 1 - math.Sqrt2/2}
	for range 10000 {
		values = append(values, generator.uniform24())
	}
	for _, u := range values {
		if got, want := logUnit(1-u), math.Log(float64(1-u)); math.Abs(got-want) > 1e-10 {
			t.Errorf("log of %v is %v, want %v", 1-u, got, want)
		}
		sin, cos := sinCosTurn(u)
		wantSin, wantCos := math.Sincos(2 * math.Pi * float64(u))
		if math.Abs(sin-wantSin) > 1e-10 || math.Abs(cos-wantCos) > 1e-10 {
			t.Errorf("sine and cosine of %v turns are %v and %v, want %v and %v", u, sin, cos, wantSin, wantCos)
		}
	}
}

// TestGoldenDraws: patches of the network draw whole numbers from the generator that has drawn the noise of the latent.
func TestGoldenDraws(t *testing.T) {
	for _, path := range goldentest.Files(t, "unit", "draws*.json") {
		var runs map[string]struct {
			Seed   uint64
			Latent []int
			Draws  []json.RawMessage // [range, values]
		}
		goldentest.JSON(t, path, &runs)
		for name, run := range runs {
			t.Run(name, func(t *testing.T) {
				g := NewGenerator(run.Seed)
				if _, err := g.Noise(run.Latent, nil); err != nil {
					t.Fatal(err)
				}
				for i, text := range run.Draws {
					var n int64
					var want []int64
					if err := json.Unmarshal(text, &[]any{&n, &want}); err != nil {
						t.Fatal(err)
					}
					for k, w := range want {
						if got := g.Intn(n); got != w {
							t.Fatalf("number %d of draw %d is %d, want %d of 0 to %d", k, i, got, w, n-1)
						}
					}
				}
				if len(run.Draws) == 0 {
					t.Error("the fixture has no draws")
				}
			})
		}
	}
}
