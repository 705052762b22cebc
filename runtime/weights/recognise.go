package weights

import (
	"fmt"
	"math"
	"strings"
)

// findUNet looks for a UNet under the usual prefixes, recognises it and returns a checkpoint of it alone; nil when there
// is none.
func findUNet(s *Set) (*Checkpoint, error) {
	for _, prefix := range unetPrefixes {
		part := s
		if prefix != "" {
			part = s.Sub(prefix)
		}
		if unet := canonicalUNet(part); unet != nil {
			c := &Checkpoint{UNet: unet}
			return c, c.recognise(s)
		}
	}
	return nil, nil
}

// recognise tells the family by structure: SD 1.x has convolutions around its transformers, all later ones linear
// layers; of those with an added embedding, SDXL has no transformers at the finest level and its refiner none at the
// coarsest either, and both embed five or six numbers in 256 values each. The upscaler has a table of levels instead. file is the whole file, in which marks of the prediction may lie.
func (c *Checkpoint) recognise(file *Set) error {
	first, ok := c.UNet.Ref("input_blocks.0.0.weight")
	if !ok || len(first.Shape) != 4 {
		return fmt.Errorf("input_blocks.0.0.weight is missing or no convolution: %w", ErrFormat)
	}
	c.Channels = int(first.Shape[1])
	layout := ldmUNet(newCounter(c.UNet))
	embedding, label := c.UNet.Ref("label_emb.0.0.weight")
	noSizes := label && (len(embedding.Shape) != 2 || embedding.Shape[1] <= 5*256)
	switch projection := projectionRank(c.UNet); {
	case c.UNet.Has("label_emb.weight") && projection == 2:
		c.Family = Upscaler
	case projection == 4 && !label:
		c.Family = SD1
	case projection == 2 && !label:
		c.Family = SD2
	case projection == 2 && (layout.down[0].attention || noSizes):
		c.Family = SD2UnCLIP
	case projection == 2 && layout.down[len(layout.down)-1].attention:
		c.Family = SDXL
	case projection == 2:
		c.Family = SDXLRefiner
	default:
		return fmt.Errorf("a UNet of an unknown kind (proj_in with %d axes, label_emb %v): the file is incomplete, or of a family that oneactor does not know: %w",
			projection, label, ErrFamily)
	}
	return c.predict(file)
}

// projectionRank is the rank of the weight in front of the transformers: 4 for a 1x1 convolution, 2 for a linear layer,
// 0 when there are no transformers.
func projectionRank(s *Set) int {
	if r, ok := s.Ref("middle_block.1.proj_in.weight"); ok {
		return len(r.Shape)
	}
	for _, name := range s.Names() {
		if strings.HasSuffix(name, ".1.proj_in.weight") {
			return len(s.refs[name].Shape)
		}
	}
	return 0
}

// predict finds what the model was trained to predict, by the signs ComfyUI goes by.
func (c *Checkpoint) predict(file *Set) error {
	switch c.Family {
	case SD2, SD2UnCLIP:
		return c.predictSD2()
	case Upscaler:
		c.Prediction = V
	case SDXL:
		switch {
		case file.Has("edm_mean") && file.Has("edm_std"):
			c.Prediction = EDM
		case file.Has("edm_vpred.sigma_max"):
			c.Prediction = VEDM
			return c.readSigmas(file)
		case file.Has("v_pred"):
			c.Prediction, c.ZeroTerminalSNR = V, file.Has("ztsnr")
		}
	}
	return nil
}

// readSigmas reads the ends of the noise levels that a file of the v-EDM kind names; the lower one may be left out.
func (c *Checkpoint) readSigmas(file *Set) error {
	c.SigmaMin, c.SigmaMax = 0.002, 120
	for name, to := range map[string]*float64{"edm_vpred.sigma_min": &c.SigmaMin, "edm_vpred.sigma_max": &c.SigmaMax} {
		r, ok := file.Ref(name)
		if !ok {
			continue
		}
		t, err := r.Float32()
		if err != nil {
			return err
		}
		if len(t.Data) != 1 {
			return fmt.Errorf("%s has %d values, not one: %w", name, len(t.Data), ErrFormat)
		}
		*to = float64(t.Data[0])
	}
	if !(c.SigmaMin > 0 && c.SigmaMax > c.SigmaMin && !math.IsInf(c.SigmaMax, 0)) {
		return fmt.Errorf("edm_vpred.sigma_min %g and sigma_max %g are no range of noise levels: %w", c.SigmaMin, c.SigmaMax, ErrFormat)
	}
	return nil
}

// predictSD2 tells v from epsilon by one bias of the last transformer, which spreads more (population standard
// deviation above 0.09) in models trained for v. Inpainting models and files without it predict epsilon.
func (c *Checkpoint) predictSD2() error {
	bias, ok := c.UNet.Ref("output_blocks.11.1.transformer_blocks.0.norm1.bias")
	if !ok || c.Channels != 4 {
		return nil
	}
	t, err := bias.Float32()
	if err != nil {
		return err
	}
	var sum, squares float64
	for _, v := range t.Data {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	n := float64(len(t.Data))
	if variance := squares/n - (sum/n)*(sum/n); math.Sqrt(variance) > 0.09 {
		c.Prediction = V
	}
	return nil
}
