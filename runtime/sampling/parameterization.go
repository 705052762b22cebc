package sampling

import "fmt"

// Parameterization is what a model's output means.
type Parameterization uint8

const (
	Epsilon      Parameterization = iota // the noise in x, divided by sigma
	V                                    // velocity. Salimans & Ho 2022 (arXiv:2202.00512)
	EDM                                  // F of Karras et al. 2022 (arXiv:2206.00364), eq. 7
	X0                                   // the denoised latent itself
	ImgToImg                             // the denoised latent, from an input that is not scaled
	Flow                                 // rectified flow velocity: x = σ·noise + (1-σ)·latent
	Consistency                          // epsilon with the boundary scalings of consistency models (arXiv:2310.04378)
	VarianceFlow                         // rectified flow velocity at time σ/(σ+1), for x = latent + σ·noise
)

var parameterizationNames = [...]string{"epsilon", "v", "edm", "x0", "img_to_img", "flow", "consistency", "variance_flow"}

func (p Parameterization) String() string {
	if int(p) < len(parameterizationNames) {
		return parameterizationNames[p]
	}
	return fmt.Sprintf("parameterization %d", uint8(p))
}

// InputScale is the factor c_in on x before it goes into the network.
func (m ModelSampling) InputScale(sigma float32) float32 {
	if m.Parameterization == ImgToImg || m.Parameterization == Flow {
		return 1
	}
	if m.Parameterization == VarianceFlow {
		return 1 - sigma/(sigma+1)
	}
	data := m.sigmaData()
	return 1 / sqrt32(sigma*sigma+data*data)
}

// ScaleInput sets dst to the network's input for x in model space.
func (m ModelSampling) ScaleInput(dst, x []float32, sigma float32) {
	c := m.InputScale(sigma)
	for i, v := range x {
		dst[i] = v * c
	}
}

// Denoise sets dst to the denoised prediction for x in model space (not scaled) and the network's output for it.
// dst may be x or output.
func (m ModelSampling) Denoise(dst, x, output []float32, sigma float32) {
	skip, out := m.outputScales(sigma)
	combine(dst, term{skip, x}, term{out, output})
}

// outputScales are c_skip and c_out: the prediction is c_skip·x + c_out·output.
func (m ModelSampling) outputScales(sigma float32) (skip, out float32) {
	data := m.sigmaData()
	total := sigma*sigma + data*data
	switch m.Parameterization {
	case V:
		return data * data / total, -sigma * data / sqrt32(total)
	case EDM:
		return data * data / total, sigma * data / sqrt32(total)
	case X0, ImgToImg:
		return 0, 1
	case VarianceFlow:
		t := sigma / (sigma + 1)
		return 1 - t, -t
	case Consistency:
		// The boundary condition f(x,0) = x, with sigma_data 0.5 and timesteps times 10 as in the paper.
		const lcmData = 0.5
		t := m.Timestep(sigma) * 10
		boundary := lcmData * lcmData / (t*t + lcmData*lcmData)
		prediction := t / sqrt32(t*t+lcmData*lcmData)
		return prediction + boundary, -prediction * sigma
	}
	return 1, -sigma
}

// AddNoise sets dst to latent with noise of a sigma in it. full says that sigma is the highest of the model, where the
// noise also stands for the variance of the latent that is not there. dst may be noise or latent.
func (m ModelSampling) AddNoise(dst, noise, latent []float32, sigma float32, full bool) {
	if m.Parameterization == Flow {
		combine(dst, term{sigma, noise}, term{1 - sigma, latent})
		return
	}
	c := sigma
	if full && m.Parameterization != VarianceFlow {
		c = sqrt32(1 + sigma*sigma)
	}
	combine(dst, term{c, noise}, term{1, latent})
}

// finish undoes the scaling of a latent that was sampled down to sigma.
func (m ModelSampling) finish(latent []float32, sigma float32) {
	if m.Parameterization == Flow && sigma < 1 {
		scale(latent, 1/(1-sigma))
	}
}

// isFull tells whether noise of a sigma hides the latent entirely: it is the highest of the model, or above it.
func (m ModelSampling) isFull(sigma float32) bool {
	highest, s := float64(m.SigmaMax()), float64(sigma)
	return s > highest || abs64(s-highest) <= 1e-5*max(s, highest)
}

func (m ModelSampling) sigmaData() float32 {
	if m.SigmaData == 0 {
		return 1
	}
	return m.SigmaData
}
