package weights

// Checkpoint is what a file or folder of weights holds. A part the file lacks is nil.
type Checkpoint struct {
	Path       string
	Family     Family
	Prediction Prediction
	UNet       *Set // latent diffusion names, no prefix: input_blocks.0.0.weight
	VAE        *Set // latent diffusion names, no prefix: encoder.conv_in.weight
	Text       *Set // Hugging Face CLIP names, no prefix: text_model.embeddings.token_embedding.weight
	Files      []*File
}

// Family is the architecture of a diffusion model.
type Family string

// The families this build tells apart and may run.
const (
	SD1 Family = "SD 1.x"
)

// Prediction is what the UNet predicts.
type Prediction uint8

// The predictions of the families we run.
const (
	Epsilon Prediction = iota
	V
)

// OpenCheckpoint recognises a checkpoint by its tensors.
func OpenCheckpoint(path string) (*Checkpoint, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	all := f.All()
	c := &Checkpoint{Path: f.path, Family: SD1, Files: []*File{f}}
	c.UNet = some(all.Sub("model.diffusion_model."))
	c.VAE = some(all.Sub("first_stage_model."))
	c.Text = some(all.Sub("cond_stage_model.transformer."))
	return c, nil
}

func some(s *Set) *Set {
	if s.Len() == 0 {
		return nil
	}
	return s
}
