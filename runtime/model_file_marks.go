package runtime

import (
	"github.com/oneactor/oneactor/runtime/sampling"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// architectures are the families that the specification of model files has a name for and ComfyUI writes it.
var architectures = map[weights.Family]string{
	weights.SDXL:        "stable-diffusion-xl-v1-base",
	weights.SDXLRefiner: "stable-diffusion-xl-v1-refiner",
}

// marks are the header and the tensors that say what a model predicts, for the sampling it has now.
func (m Model) marks(title string) (pairs []weights.Pair, tensors []weights.Entry) {
	if architecture, ok := architectures[m.family]; ok {
		if m.family == weights.SDXL && m.sees == editSight {
			architecture = "stable-diffusion-xl-v1-edit"
		}
		pairs = []weights.Pair{
			{Key: "modelspec.architecture", Value: architecture}, {Key: "modelspec.sai_model_spec", Value: "1.0.0"},
			{Key: "modelspec.implementation", Value: "sgm"}, {Key: "modelspec.title", Value: title},
		}
	}
	mark := func(name string, values ...float32) {
		t := tensor.New(len(values))
		if len(values) == 1 {
			t = tensor.New() // of no axes
		}
		copy(t.Data, values)
		tensors = append(tensors, weights.Float32Entry(name, t))
	}
	_, continuous := m.sampling.Levels.(sampling.ContinuousLevels)
	sigmas := m.sampling.Sigmas()
	switch p := m.sampling.Parameterization; {
	case p == sampling.EDM:
		mark("edm_mean")
		mark("edm_std")
	case p == sampling.V && continuous:
		mark("edm_vpred.sigma_max", sigmas[len(sigmas)-1])
		mark("edm_vpred.sigma_min", sigmas[0])
	case p == sampling.V:
		pairs = append(pairs, weights.Pair{Key: "modelspec.predict_key", Value: "v"})
		mark("v_pred")
		if sigmas[len(sigmas)-1] > 1000 { // 4518 with a zero terminal SNR, some 15 without
			mark("ztsnr")
		}
	case p == sampling.Epsilon:
		pairs = append(pairs, weights.Pair{Key: "modelspec.predict_key", Value: "epsilon"})
	}
	return pairs, tensors
}
