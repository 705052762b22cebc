package graph

import (
	"strings"
	"unicode"
)

// snake is the wire name of a field: "CkptName" is ckpt_name, "VAE" is vae, "VAEName" is vae_name, "Image2" is image2.
func snake(field string) string {
	var b strings.Builder
	runes := []rune(field)
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) && runes[i-1] != '_' {
			// A word starts after a lower-case letter or digit, and at the last capital of a run of initials.
			after := !unicode.IsUpper(runes[i-1])
			before := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if after || before {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
