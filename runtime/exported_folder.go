package runtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/weights"
)

// The networks of a folder of .onnx files, as optimum writes it.
const (
	exportedUNetFile  = "unet/model.onnx"
	exportedTextFile  = "text_encoder/model.onnx"
	exportedTextFile2 = "text_encoder_2/model.onnx"
	exportedEncoder   = "vae_encoder/model.onnx"
	exportedDecoder   = "vae_decoder/model.onnx"
)

// isExported reports whether a diffusers folder keeps networks in .onnx files and no UNet as weights.
func isExported(dir string) bool {
	if files, _ := filepath.Glob(filepath.Join(dir, "unet", "diffusion_pytorch_model*")); len(files) > 0 {
		return false
	}
	for _, name := range []string{exportedUNetFile, exportedTextFile, exportedTextFile2, exportedEncoder, exportedDecoder} {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err == nil {
			return true
		}
	}
	return false
}

// openExported opens a folder of .onnx files. The UNet must be there; other parts that are missing are zero.
func openExported(dir string) (Checkpoint, error) {
	if _, err := os.Stat(filepath.Join(dir, "model_index.json")); err != nil {
		return Checkpoint{}, fmt.Errorf("%s is no diffusers folder: %w; choose the folder that holds model_index.json", dir, err)
	}
	f := exportedFolder{dir: dir}
	clip, err := f.text()
	if err != nil {
		return Checkpoint{}, err
	}
	out := Checkpoint{CLIP: clip}
	if out.VAE, err = f.vae(); err != nil {
		return Checkpoint{}, err
	}
	if out.Model, err = f.unet(clip); err != nil {
		return Checkpoint{}, err
	}
	if len(clip.encoders) == 1 && out.Model.family == weights.SDXL {
		out.CLIP.lacks = weights.CLIPG
		if clip.encoders[0].kind == weights.CLIPG {
			out.CLIP.lacks = weights.CLIPL
		}
	}
	return out, nil
}

// exportedFolder is a folder of .onnx files.
type exportedFolder struct{ dir string }

// find is the path of a file, "" where there is none.
func (f exportedFolder) find(name string) string {
	path := filepath.Join(f.dir, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// settings reads config.json, or another file of that kind, into v, which stays as it is where there is none.
func (f exportedFolder) settings(name string, v any) error {
	const limit = 1 << 20
	path := filepath.Join(f.dir, filepath.FromSlash(name))
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Size() > limit {
		return fmt.Errorf("%s has %d bytes; settings have a few thousand: %w", path, info.Size(), model.ErrUnsupported)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (f exportedFolder) text() (CLIP, error) {
	var encoders []textEncoder
	for _, name := range []string{exportedTextFile, exportedTextFile2} {
		path := f.find(name)
		if path == "" {
			continue
		}
		var s textSettings
		if err := f.settings(filepath.Dir(name)+"/config.json", &s); err != nil {
			return CLIP{}, err
		}
		e, err := openExportedText(path, name, s, name == exportedTextFile2)
		if err != nil {
			return CLIP{}, err
		}
		encoders = append(encoders, e)
	}
	return newCLIP(encoders...), nil
}

func (f exportedFolder) vae() (VAE, error) {
	encoder, decoder := f.find(exportedEncoder), f.find(exportedDecoder)
	if encoder == "" && decoder == "" {
		return VAE{}, nil
	}
	var s vaeSettings
	for _, name := range []string{"vae_encoder/config.json", "vae_decoder/config.json"} {
		if err := f.settings(name, &s); err != nil {
			return VAE{}, err
		}
	}
	return openExportedVAE(encoder, decoder, s)
}

func (f exportedFolder) unet(clip CLIP) (Model, error) {
	path := f.find(exportedUNetFile)
	if path == "" {
		return Model{}, fmt.Errorf("%s: %s is missing: download it, and files beside it that hold its weights: %w",
			f.dir, exportedUNetFile, fs.ErrNotExist)
	}
	var s unetSettings
	if err := f.settings("unet/config.json", &s); err != nil {
		return Model{}, err
	}
	u, config, err := openExportedUNet(path, exportedUNetFile, s)
	if err != nil {
		return Model{}, err
	}
	text := weights.TextKind("")
	if len(clip.encoders) == 1 {
		text = clip.encoders[0].kind
	}
	c := weights.Checkpoint{Family: u.family(config, text)}
	if err := f.schedule(&c); err != nil {
		return Model{}, err
	}
	sees, err := sightOf(config, c.Family, c.Prediction)
	if err != nil {
		return Model{}, fmt.Errorf("%s: %w", path, err)
	}
	m := Model{exported: u, config: config, family: c.Family, sees: sees}
	m.sampling, m.format = familySampling(&c)
	return m, nil
}

// scheduleSettings is what scheduler/scheduler_config.json says of the training, besides a lot about sampling.
type scheduleSettings struct {
	Class           string   `json:"_class_name"`
	Predicts        string   `json:"prediction_type"`
	ZeroTerminalSNR bool     `json:"rescale_betas_zero_snr"`
	Betas           string   `json:"beta_schedule"`
	Start           *float64 `json:"beta_start"`
	End             *float64 `json:"beta_end"`
}

// schedule finds what the model was trained to predict; a folder without that file is one that predicts the noise.
func (f exportedFolder) schedule(c *weights.Checkpoint) error {
	const name = "scheduler/scheduler_config.json"
	var s scheduleSettings
	if err := f.settings(name, &s); err != nil {
		return err
	}
	unknown := func(what string) error {
		return fmt.Errorf("%s: %s is none that the models here were trained with: %w", filepath.Join(f.dir, filepath.FromSlash(name)), what, model.ErrUnsupported)
	}
	switch {
	case strings.HasPrefix(s.Class, "EDM"):
		c.Prediction = weights.EDM
		return nil
	case s.Predicts == "v_prediction":
		c.Prediction = weights.V
	case s.Predicts != "" && s.Predicts != "epsilon":
		return unknown("prediction_type " + s.Predicts)
	}
	if s.Betas != "" && s.Betas != "scaled_linear" || s.Start != nil && *s.Start != 0.00085 || s.End != nil && *s.End != 0.012 {
		return unknown("the schedule of noise (beta_schedule, beta_start, beta_end)")
	}
	c.ZeroTerminalSNR = s.ZeroTerminalSNR
	return nil
}
