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

// SaveModel saves a model file that a run made, such as an actor: NAME.safetensors in the first directory of key, or NAME-2, NAME-3, …
// where that name is taken, for an existing file is never replaced. name may have folders in front; an extension is dropped. It
// appears when it is complete and on disk. The result is the name under which List and Find know the file, and its path.
func (l *Layout) SaveModel(ctx context.Context, key, name string, write func(io.Writer) error) (saved, path string, err error) {
	dirs, err := l.Dirs(key)
	if err != nil {
		return "", "", err
	}
	const ext = ".safetensors"
	name = filepath.Clean(strings.TrimSuffix(strings.TrimSpace(name), ext))
	if name == "." || !filepath.IsLocal(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) || strings.HasPrefix(filepath.Base(name), ".") {
		return "", "", fmt.Errorf("%q cannot be the name of a file in %s: use letters and digits, with folders in front if you like", name, dirs[0])
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
		return "", "", fmt.Errorf("save %s: %w", filepath.Join(dirs[0], name+ext), err)
	}
	n := 0
	p, err := publish(ctx, l.disk, f.Name(), func(remembered string) string {
		return filepath.Join(dirs[0], filepath.FromSlash(strings.TrimPrefix(remembered, key+"/")))
	}, func() place {
		n++
		saved := name + ext
		if n > 1 {
			saved = fmt.Sprintf("%s-%d%s", name, n, ext)
		}
		return place{key + "/" + filepath.ToSlash(saved), filepath.Join(dirs[0], saved)}
	})
	if err != nil {
		return "", "", fmt.Errorf("save %s: %w", p.path, err)
	}
	return filepath.FromSlash(strings.TrimPrefix(p.name, key+"/")), p.path, nil
}
