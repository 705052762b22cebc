package comfy

import (
	"fmt"

	"github.com/oneactor/oneactor/graph/ojson"
)

// FormatAPI is the text of a prompt as the editor's "Save (API format)" writes it: indented by two spaces.
func FormatAPI(prompt *ojson.Object) ([]byte, error) {
	text, err := ojson.Marshal(prompt, ojson.Indented)
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	return append(text, '\n'), nil
}
