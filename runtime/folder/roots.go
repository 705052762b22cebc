package folder

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Root is a data directory that clients name.
type Root string

// The roots, named as in annotated names and in results.
const (
	Input  Root = "input"
	Output Root = "output"
	Temp   Root = "temp"
)

// Annotated splits "name [output]" into the name and its root; a plain name belongs to Input.
func Annotated(name string) (string, Root) {
	for _, r := range []Root{Output, Input, Temp} {
		if tag := "[" + string(r) + "]"; strings.HasSuffix(name, tag) {
			// One character before the tag is cut whatever it is: it is the blank.
			rest := []rune(strings.TrimSuffix(name, tag))
			return string(rest[:max(0, len(rest)-1)]), r
		}
	}
	return name, Input
}

// Resolve is the path of an annotated name. Sub-folders, and links inside the root, are fine; a name that leaves
// its root is an error. The file need not exist.
func (l *Layout) Resolve(name string) (string, error) {
	rest, r := Annotated(name)
	if strings.ContainsRune(rest, 0) {
		return "", fmt.Errorf("file name %q holds a zero byte", name)
	}
	if !filepath.IsLocal(rest) {
		return "", fmt.Errorf("file name %q leaves the %s folder; use a name below %s", name, r, l.root[r])
	}
	return filepath.Join(l.root[r], rest), nil
}

// Existing is the path of an annotated name that must be a file. The error wraps fs.ErrNotExist where nothing is there.
func (l *Layout) Existing(name string) (string, error) {
	path, err := l.Resolve(name)
	if err != nil {
		return "", err
	}
	st, err := os.Stat(path)
	if err == nil && st.Mode().IsRegular() {
		return path, nil
	}
	if err == nil {
		return "", fmt.Errorf("%q is not a file: %s", name, path)
	}
	rest, r := Annotated(name)
	hint := ""
	if near := nearest(rest, topFiles(l.root[r])); len(near) > 0 {
		hint = fmt.Sprintf("; did you mean '%s'?", strings.Join(near, "' or '"))
	}
	return "", fmt.Errorf("no file %q in the %s folder %s%s: %w", rest, r, l.root[r], hint, fs.ErrNotExist)
}

// Pictures lists the picture files at the top of the input folder, by extension, sorted by code point.
func (l *Layout) Pictures() []string { return l.inputs(isPicture) }

// Latents lists the .latent files at the top of the input folder, sorted by code point.
func (l *Layout) Latents() []string {
	return l.inputs(func(name string) bool { return strings.HasSuffix(name, ".latent") })
}

// InputFiles lists every file at the top of the input folder, sorted by code point.
func (l *Layout) InputFiles() []string { return l.inputs(anyFile) }

func (l *Layout) inputs(keep match) []string {
	names := topFiles(l.root[Input])
	return slices.DeleteFunc(names, func(n string) bool { return !keep(n) })
}

// topFiles lists the files, and links to files, directly in dir; a missing dir has none.
func topFiles(dir string) []string {
	entries, _ := os.ReadDir(dir)
	names := []string{}
	for _, e := range entries {
		if e.Type().IsRegular() || e.Type()&fs.ModeSymlink != 0 && isFile(filepath.Join(dir, e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names // os.ReadDir sorts
}

// isPicture goes by the extensions whose registered content type is image/…
func isPicture(name string) bool {
	switch extension(name) {
	case ".apng", ".avif", ".bmp", ".gif", ".heic", ".heif", ".ico", ".ief", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm",
		".png", ".pnm", ".ppm", ".ras", ".rgb", ".svg", ".tif", ".tiff", ".webp", ".xbm", ".xpm", ".xwd":
		return true
	}
	return false
}
