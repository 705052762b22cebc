package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
)

// modelExtension is that of every model file that is saved here.
const modelExtension = ".safetensors"

// ErrName is wrapped by errors about names that no file may have.
var ErrName = errors.New("use letters and digits, with folders in front if you like")

// SaveModel saves a model file that a run made, such as an actor: NAME.safetensors in the first directory of key, or NAME-2, NAME-3, …
// where that name is taken, for an existing file is never replaced. name may have folders in front; an extension is dropped. It
// appears when it is complete and on disk. The result is the name under which List and Find know the file, and its path.
func (l *Layout) SaveModel(ctx context.Context, key, name string, write func(io.Writer) error) (saved, path string, err error) {
	return l.saveModel(ctx, key, name, write, func(dir, name, temp string) (place, error) {
		n := 0
		return publish(ctx, l.disk, temp, func(remembered string) string {
			return filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(remembered, key+"/")))
		}, func() place {
			n++
			saved := name + modelExtension
			if n > 1 {
				saved = fmt.Sprintf("%s-%d%s", name, n, modelExtension)
			}
			return place{key + "/" + filepath.ToSlash(saved), filepath.Join(dir, saved)}
		})
	})
}

// SaveModelAs is SaveModel under this very name: the error wraps fs.ErrExist where a directory of key has it.
func (l *Layout) SaveModelAs(ctx context.Context, key, name string, write func(io.Writer) error) (saved, path string, err error) {
	return l.saveModel(ctx, key, name, write, func(dir, name, temp string) (place, error) {
		saved := name + modelExtension
		p := place{key + "/" + filepath.ToSlash(saved), filepath.Join(dir, saved)}
		if path, err := l.Find(key, saved); err == nil {
			return p, fmt.Errorf("%s: %w; choose another name", path, fs.ErrExist)
		}
		return p, l.disk.Publish(temp, p.path) // someone may have taken the name since: Publish replaces nothing
	})
}

// saveModel writes a file beside its place; publish gives it a name. dir is where name, which has no extension, belongs.
func (l *Layout) saveModel(ctx context.Context, key, name string, write func(io.Writer) error, publish func(dir, name, temp string) (place, error)) (saved, path string, err error) {
	dirs, err := l.Dirs(key)
	if err != nil {
		return "", "", err
	}
	name = filepath.Clean(strings.TrimSuffix(strings.TrimSpace(name), modelExtension))
	if name == "." || !filepath.IsLocal(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) || strings.HasPrefix(filepath.Base(name), ".") {
		return "", "", fmt.Errorf("%q cannot be the name of a file in %s: %w", name, dirs[0], ErrName)
	}
	dir := filepath.Dir(filepath.Join(dirs[0], name))
	if err := l.disk.MkdirAll(dir); err != nil {
		return "", "", fmt.Errorf("save to %s: %w", dir, err)
	}
	f, err := l.disk.CreateTemp(dir)
	if err != nil {
		return "", "", fmt.Errorf("save to %s: %w", dir, err)
	}
	defer func() {
		f.Close() // again, where all went well; that error says nothing new
		if rm := l.disk.Remove(f.Name()); rm != nil && !errors.Is(rm, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("remove temporary file: %w", rm))
		}
	}()
	if err := fill(ctx, f, write); err != nil {
		return "", "", fmt.Errorf("save %s: %w", filepath.Join(dirs[0], name+modelExtension), err)
	}
	p, err := publish(dirs[0], name, f.Name())
	if err != nil {
		return "", "", fmt.Errorf("save %s: %w", p.path, err)
	}
	return filepath.FromSlash(strings.TrimPrefix(p.name, key+"/")), p.path, nil
}
