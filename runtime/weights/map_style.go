package weights

import "fmt"

// OpenStyleModel reads a T2I style adapter: layers under the names layers.<i>.layer_norm1 and so on, and ln_pre, ln_post, style_embedding and
// proj as stored.
func OpenStyleModel(path string) (*Set, error) {
	return opened(path, func(f *File) (*Set, error) {
		all := f.All()
		switch {
		case all.Has("redux_down.weight") && all.Has("redux_up.weight"):
			return nil, fmt.Errorf("this is a Redux style model, which belongs to Flux; oneactor runs T2I style adapters: %w", ErrFamily)
		case !all.Has("style_embedding"):
			return nil, fmt.Errorf("no style adapter in it; %s: %w", describeFile(all), ErrFormat)
		}
		return newSet(openCLIPTower(all, "transformer_layes.", "layers.", modules{ // the misspelling is the files'
			"ln_pre": "ln_pre", "ln_post": "ln_post", "style_embedding": "style_embedding", "proj": "proj",
		})), nil
	})
}
