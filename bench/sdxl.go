package bench

// sdxlVector is the width of the pooled text and the sizes together.
const sdxlVector = 2816

// sdxlPlan is the UNet of the SDXL base model (Podell et al. 2023, configuration sd_xl_base).
var sdxlPlan = unetPlan{
	multiples: []int{1, 2, 4}, depths: []int{0, 2, 10}, middle: 10, context: 2048, vector: sdxlVector, linear: true,
}

// sdxlUNet lists every weight of SDXL's UNet under the names checkpoints have.
func sdxlUNet() []weight {
	var all []weight
	sdxlPlan.unet(list{"model.diffusion_model.", &all})
	return all
}
