package sampling

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// goldenModels are the model names that fixtures use, after the prefix "tiny-" is cut off.
var goldenModels = map[string]ModelSampling{
	"sd15":        StableDiffusion(Epsilon),
	"sdxl":        StableDiffusion(Epsilon),
	"sd21-v":      StableDiffusion(V),
	"sd15+lcm":    {Levels: ScaledLinear(0.00085, 0.012).Distilled(50), Parameterization: Consistency},
	"sd21-v+zsnr": {Levels: ScaledLinear(0.00085, 0.012).ZeroTerminalSNR(), Parameterization: V},
	"sd15+edm":    {Levels: ContinuousEDM(0.002, 120), Parameterization: EDM},
}

func goldenModel(name string) (ModelSampling, bool) {
	m, ok := goldenModels[strings.TrimPrefix(name, "tiny-")]
	return m, ok
}

// goldenFloat reads a number, or one that is not finite as text.
type goldenFloat float32

func (f *goldenFloat) UnmarshalJSON(data []byte) error {
	v, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 32)
	*f = goldenFloat(v)
	return err
}

func TestSigmasGolden(t *testing.T) {
	for _, path := range goldentest.Files(t, "unit", "sigmas*.json") {
		var cases []struct {
			Model     string
			Scheduler SchedulerName
			Steps     int
			Denoise   float64
			Sampler   SamplerName
			Sigmas    []goldenFloat
			Error     json.RawMessage
		}
		goldentest.JSON(t, path, &cases)
		exact, values := 0, 0
		for _, c := range cases {
			name := fmt.Sprintf("%s/%s/%d/%v/%s", c.Model, c.Scheduler, c.Steps, c.Denoise, c.Sampler)
			model, ok := goldenModel(c.Model)
			if !ok {
				goldentest.Waiting(t, name, "no model sampling "+c.Model)
				continue
			}
			t.Run(name, func(t *testing.T) {
				got, err := KSamplerSigmas(model, c.Scheduler, c.Sampler, c.Steps, c.Denoise)
				if c.Error != nil {
					if err == nil {
						t.Errorf("got %v, want an error as %s", got, c.Error)
					}
					return
				}
				if err != nil || len(got) != len(c.Sigmas) {
					t.Fatalf("got %v, %v, want %v", got, err, c.Sigmas)
				}
				relative := 2e-6 // INDEX.md; each value by itself, since the last steps depend on the smallest
				if c.Scheduler == "kl_optimal" && strings.HasSuffix(c.Model, "+zsnr") {
					relative = 2e-4
				}
				for i, w := range c.Sigmas {
					values++
					if got[i] == float32(w) || math.IsNaN(float64(got[i])) && math.IsNaN(float64(w)) {
						exact++
						continue
					}
					if d := math.Abs(float64(got[i] - float32(w))); !(d <= relative*math.Abs(float64(w))) {
						t.Errorf("sigma %d is %v, want %v", i, got[i], w)
					}
				}
			})
		}
		t.Logf("%s: %d of %d sigmas are bit-equal", path, exact, values)
	}
}

func TestModelSamplingGolden(t *testing.T) {
	for _, path := range goldentest.Files(t, "unit", "model_sampling*.safetensors") {
		file := goldentest.Load(t, path)
		relative := goldentest.Tolerance(t, path, 1e-5)
		percents, sigmas := file.Get(t, "percents"), file.Get(t, "sigmas_in")
		for _, name := range file.Names() {
			model, part, ok := strings.Cut(name, ".")
			if !ok {
				continue // the inputs
			}
			m, ok := goldenModel(model)
			if !ok {
				goldentest.Waiting(t, name, "no model sampling "+model)
				continue
			}
			t.Run(name, func(t *testing.T) {
				want := file.Get(t, name)
				got := tensor.New(want.Shape...)
				switch part {
				case "table":
					stride := len(m.Sigmas()) / len(got.Data)
					for i := range got.Data {
						got.Data[i] = m.Sigmas()[i*stride]
					}
				case "percent_to_sigma":
					for i, p := range percents.Data {
						got.Data[i] = float32(m.PercentToSigma(float64(p)))
					}
				case "timestep":
					for i, s := range sigmas.Data {
						got.Data[i] = m.Timestep(s)
					}
				default:
					t.Fatalf("unknown part %q", part)
				}
				// 999999999.9 would hide every other value behind the tolerance.
				for i, w := range want.Data {
					if d := math.Abs(float64(got.Data[i] - w)); !(d <= relative*math.Abs(float64(w))) {
						t.Errorf("value %d is %v, want %v", i, got.Data[i], w)
					}
				}
			})
		}
	}
}

func TestSchedules(t *testing.T) {
	sd := StableDiffusion(Epsilon)
	// Reference values for 5 steps, from the schedule functions of k-diffusion on the SD levels.
	for name, want := range map[SchedulerName][]float32{
		"simple":           {14.614641, 5.087763, 2.276463, 1.160578, 0.569285, 0},
		"sgm_uniform":      {14.61464, 5.092408, 2.279731, 1.162865, 0.571189, 0},
		"karras":           {14.614643, 4.796535, 1.274101, 0.24795, 0.029167, 0},
		"exponential":      {14.61464, 3.088976, 0.652892, 0.137996, 0.029167, 0},
		"ddim_uniform":     {5.134431, 2.292854, 1.168216, 0.57405, 0.041314, 0},
		"beta":             {14.614641, 7.371844, 2.615236, 1.027329, 0.39551, 0},
		"normal":           {14.61464, 4.086081, 1.61558, 0.69515, 0.029167, 0},
		"linear_quadratic": {14.614641, 14.431958, 14.249275, 12.544234, 7.794476, 0},
		"kl_optimal":       {14.614633, 2.142741, 0.961588, 0.419836, 0.029167, 0},
	} {
		got, err := ScheduleSigmas(sd, name, 5)
		if err != nil || len(got) != len(want) || goldentest.Difference(got, want) > 1e-6 {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, want)
		}
	}
}

func TestScheduleLengths(t *testing.T) {
	sd := StableDiffusion(Epsilon)
	tests := []struct {
		name        SchedulerName
		steps, want int
	}{
		{"ddim_uniform", 7, 9}, {"ddim_uniform", 30, 32}, {"beta", 300, 294},
		{"normal", 1, 2}, {"normal", 2, 3}, {"simple", 1000, 1001}, {"simple", 2000, 2001}, {"linear_quadratic", 2, 3},
	}
	for _, tt := range tests {
		got, err := ScheduleSigmas(sd, tt.name, tt.steps)
		if err != nil || len(got) != tt.want {
			t.Errorf("%s with %d steps: %d sigmas, %v, want %d", tt.name, tt.steps, len(got), err, tt.want)
		}
	}
}

func TestScheduleErrors(t *testing.T) {
	sd := StableDiffusion(Epsilon)
	tests := map[string]func() ([]float32, error){
		"unknown name":    func() ([]float32, error) { return ScheduleSigmas(sd, "karas", 5) },
		"no steps":        func() ([]float32, error) { return ScheduleSigmas(sd, "karras", 0) },
		"too many steps":  func() ([]float32, error) { return KSamplerSigmas(sd, "karras", "euler", 10000, 1e-9) },
		"negative steps":  func() ([]float32, error) { return KSamplerSigmas(sd, "karras", "euler", -3, 0.5) },
		"rho 0":           func() ([]float32, error) { return Karras(3, 0.1, 10, 0) },
		"negative sigma":  func() ([]float32, error) { return Exponential(3, -1, 10) },
		"sigma is NaN":    func() ([]float32, error) { return Polyexponential(3, math.NaN(), 10, 1) },
		"laplace 0 steps": func() ([]float32, error) { return Laplace(0, 0.1, 10, 0, 0.5) },
		"vp 0 steps":      func() ([]float32, error) { return VP(0, 19.9, 0.1, 1e-3) },
		"beta alpha 0":    func() ([]float32, error) { return Beta(sd, 5, 0, 0.6) },
	}
	for name, f := range tests {
		if got, err := f(); err == nil {
			t.Errorf("%s: got %v, want an error", name, got)
		}
	}
}

func TestFormulaSchedules(t *testing.T) {
	// Values of the formulas in float64; the float32 chains differ in the last digits.
	tests := map[string]struct {
		sigmas func() ([]float32, error)
		want   []float32
	}{
		"polyexponential rho 1 is exponential": {
			func() ([]float32, error) { return Polyexponential(3, 0.1, 10, 1) }, []float32{10, 1, 0.1, 0}},
		"polyexponential rho 2": {
			func() ([]float32, error) { return Polyexponential(3, 0.1, 10, 2) }, []float32{10, 0.31622777, 0.1, 0}},
		"vp":         {func() ([]float32, error) { return VP(2, 19.9, 0.1, 1e-3) }, []float32{152.16713, 0.010490729, 0}},
		"laplace":    {func() ([]float32, error) { return Laplace(3, 0.1, 10, 0, 0.5) }, []float32{10, 0.999995, 0.1}},
		"karras one": {func() ([]float32, error) { return Karras(1, 0.1, 10, 7) }, []float32{10, 0}},
		"beta 1,1 is uniform": {
			func() ([]float32, error) {
				return Beta(ModelSampling{Levels: NewDiscreteLevels([]float64{1, 2, 3})}, 2, 1, 1)
			},
			[]float32{3, 2, 0}},
	}
	for name, tt := range tests {
		got, err := tt.sigmas()
		if err != nil || len(got) != len(tt.want) || goldentest.Difference(got, tt.want) > 2e-6 {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, tt.want)
		}
	}
}

func TestKSamplerSigmas(t *testing.T) {
	sd := StableDiffusion(Epsilon)
	full, err := ScheduleSigmas(sd, "normal", 8)
	if err != nil {
		t.Fatal(err)
	}
	nine, err := ScheduleSigmas(sd, "normal", 9)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		sampler SamplerName
		steps   int
		denoise float64
		want    []float32
	}{
		"all":                  {"euler", 8, 1, full},
		"almost all":           {"euler", 8, 0.99995, full},
		"half":                 {"euler", 4, 0.5, full[4:]},
		"nothing":              {"euler", 8, 0, nil},
		"negative":             {"euler", 8, -1, nil},
		"penultimate dropped":  {"dpm_2", 8, 1, slices.Concat(nine[:8], nine[9:])},
		"uni_pc drops it also": {"uni_pc_bh2", 8, 1, slices.Concat(nine[:8], nine[9:])},
	}
	for name, tt := range tests {
		got, err := KSamplerSigmas(sd, "normal", tt.sampler, tt.steps, tt.denoise)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, tt.want)
		}
	}
}

func TestStepRange(t *testing.T) {
	sigmas := []float32{4, 3, 2, 1, 0}
	tests := map[string]struct {
		start, end int
		complete   bool
		want       []float32
	}{
		"all":                    {0, 10000, true, sigmas},
		"first two, leftover":    {0, 2, false, []float32{4, 3, 2}},
		"first two, complete":    {0, 2, true, []float32{4, 3, 0}},
		"end is the last step":   {0, 4, true, sigmas},
		"the rest":               {2, 10000, false, []float32{2, 1, 0}},
		"start at the end":       {4, 10000, false, nil},
		"start beyond the end":   {3, 2, true, nil},
		"no steps":               {0, 0, true, nil},
		"negative is the border": {-1, -1, true, nil},
	}
	for name, tt := range tests {
		if got := StepRange(sigmas, tt.start, tt.end, tt.complete); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
	if sigmas[2] != 2 {
		t.Error("the list passed in was written to")
	}
}
