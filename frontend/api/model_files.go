package api

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// modelFile is a file below a model directory, by its name relative to that.
type modelFile struct {
	name string
	info fs.FileInfo
}

// modelEndings are those of files that hold weights.
var modelEndings = map[string]bool{
	".ckpt": true, ".pt": true, ".pt2": true, ".bin": true, ".pth": true, ".safetensors": true, ".pkl": true, ".sft": true,
}

// modelFilesIn lists the weight files below a directory, by name. Links are followed, hidden files and folders left out. What can't be read is
// left out as well.
func modelFilesIn(dir string) []modelFile {
	var list []modelFile
	var walk func(rel string, above []fs.FileInfo)
	walk = func(rel string, above []fs.FileInfo) {
		full := filepath.Join(dir, filepath.FromSlash(rel))
		self, err := os.Stat(full)
		if err != nil || slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, self) }) {
			return // a link to a folder on the way here would be followed round and round
		}
		entries, err := os.ReadDir(full)
		if err != nil {
			return
		}
		above = append(slices.Clip(above), self)
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				continue
			}
			info, err := os.Stat(filepath.Join(full, e.Name()))
			if err != nil {
				continue
			}
			name := path.Join(rel, e.Name())
			switch {
			case info.IsDir():
				walk(name, above)
			case info.Mode().IsRegular() && modelEndings[strings.ToLower(path.Ext(name))]:
				list = append(list, modelFile{name, info})
			}
		}
	}
	walk(".", nil)
	return list
}
