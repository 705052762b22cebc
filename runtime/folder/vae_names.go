package folder

import "strings"

// VAENames is what a VAE drop-down offers: the files of the key "vae", then the tiny autoencoders whose encoder and
// decoder are both in vae_approx, then pixel_space, which needs no file.
func (l *Layout) VAENames() ([]string, error) {
	names, err := l.List("vae")
	if err != nil {
		return nil, err
	}
	parts, err := l.List("vae_approx")
	if err != nil {
		return nil, err
	}
	has := func(prefix string) bool {
		for _, p := range parts {
			if strings.HasPrefix(p, prefix) {
				return true
			}
		}
		return false
	}
	for _, tiny := range []string{"taesd", "taesdxl", "taesd3", "taef1"} {
		if has(tiny+"_encoder.") && has(tiny+"_decoder.") {
			names = append(names, tiny)
		}
	}
	return append(names, "pixel_space"), nil
}
