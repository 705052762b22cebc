package weights

import "fmt"

// OpenGLIGEN reads a GLIGEN model that places texts in boxes: position_net.… and, for each transformer of a UNet, ….fuser.… under the names
// of the UNet.
func OpenGLIGEN(path string) (*Set, error) {
	return opened(path, func(f *File) (*Set, error) {
		all := f.All()
		if !isGLIGEN(all) {
			return nil, fmt.Errorf("no GLIGEN text box model in it; %s: %w", describeFile(all), ErrFormat)
		}
		return all, nil
	})
}

func isGLIGEN(s *Set) bool {
	return s.Has("position_net.null_positive_feature") && s.Has("position_net.linears.4.weight")
}
