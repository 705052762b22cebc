package comfy

import (
	"fmt"

	"github.com/oneactor/oneactor/graph"
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

// Metadata is what is saved with a picture: the prompt under "prompt", then each entry of extra (extra_pnginfo), as ASCII JSON in
// ComfyUI's style, so that its readers find what they expect. Either may be nil.
func Metadata(prompt, extra *ojson.Object) ([]graph.MetadataEntry, error) {
	var entries []graph.MetadataEntry
	add := func(key string, v any) error {
		text, err := ojson.Marshal(v, ojson.Python)
		if err != nil {
			return fmt.Errorf("metadata %s: %w", key, err)
		}
		entries = append(entries, graph.MetadataEntry{Key: key, JSON: string(text)})
		return nil
	}
	if prompt != nil {
		if err := add("prompt", prompt); err != nil {
			return nil, err
		}
	}
	for key, v := range extra.All() {
		if err := add(key, v); err != nil {
			return nil, err
		}
	}
	return entries, nil
}
