package work

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/graph/queue"
)

// SharedFiles lets processes that share no folder work together: what clients upload and the actors go to all workers, results to whoever asks. Names in the
// store are "input/…", "output/…", "temp/…" and "actors/…".
type SharedFiles struct {
	Store *queue.Files
	Host  interface {
		Path(folderType, subfolder, filename string) string
		ModelDirectories(key string) ([]string, error)
	}
}

// actorsKey is the model folder that is shared.
const actorsKey = "actors"

// at is where a shared file goes, "" for one that does not belong here.
func (s *SharedFiles) at(name string) string {
	kind, rest, _ := strings.Cut(name, "/")
	if !filepath.IsLocal(filepath.FromSlash(rest)) {
		return ""
	}
	switch kind {
	case "input":
		return s.Host.Path("input", "", filepath.FromSlash(rest))
	case actorsKey:
		if dirs, err := s.Host.ModelDirectories(actorsKey); err == nil && len(dirs) > 0 {
			return filepath.Join(dirs[0], filepath.FromSlash(rest))
		}
	}
	return ""
}

// Uploaded tells of a file that a client has sent or changed; name has slashes.
func (s *SharedFiles) Uploaded(ctx context.Context, kind, name string) error {
	shared := kind + "/" + name
	switch kind {
	case "input":
		return s.Store.Share(ctx, shared, s.at(shared))
	case actorsKey:
		dirs, err := s.Host.ModelDirectories(actorsKey)
		if err != nil {
			return err
		}
		for _, dir := range dirs {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if _, err := os.Stat(path); err == nil {
				return s.Store.Share(ctx, shared, path)
			}
		}
		return fmt.Errorf("actor %s: %w", name, fs.ErrNotExist)
	}
	return nil
}

// Removed tells of a file that is no longer here.
func (s *SharedFiles) Removed(ctx context.Context, kind, name string) error {
	if kind != "input" && kind != actorsKey {
		return nil
	}
	return s.Store.Unshare(ctx, kind+"/"+name)
}

// Fetch copies a result here; the error wraps fs.ErrNotExist where nobody has it.
func (s *SharedFiles) Fetch(ctx context.Context, kind, name string) error {
	if kind == "input" {
		return s.Sync(ctx)
	}
	err := s.Store.FetchResult(ctx, kind+"/"+name, s.Host.Path(kind, "", filepath.FromSlash(name)))
	if errors.Is(err, queue.ErrNoFile) {
		err = fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}

// Sync copies inputs and actors here that are new.
func (s *SharedFiles) Sync(ctx context.Context) error { return s.Store.Sync(ctx, s.at) }

// saved puts what a job has saved into the store: the files whose names it took, and pictures that are shown and not kept.
func (s *SharedFiles) saved(ctx context.Context, names []string, outputs *ojson.Object) error {
	for _, name := range names {
		kind, rest, _ := strings.Cut(name, "/")
		var err error
		switch kind {
		case "output":
			err = s.Store.PutResult(ctx, name, s.Host.Path("output", "", filepath.FromSlash(rest)))
		case actorsKey:
			err = s.Store.Share(ctx, name, s.at(name))
		}
		if err != nil {
			return err
		}
	}
	for _, value := range outputs.All() {
		ui, _ := value.(*ojson.Object)
		for _, list := range ui.All() {
			items, _ := list.([]any)
			for _, item := range items {
				file, _ := item.(*ojson.Object)
				if file.String("type") != "temp" || file.String("filename") == "" {
					continue
				}
				name := path.Join(file.String("subfolder"), file.String("filename"))
				if err := s.Store.PutResult(ctx, "temp/"+name, s.Host.Path("temp", "", filepath.FromSlash(name))); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// sharedNames are the names of a job's files where results of other machines are not in the folder: those in the store are taken, too.
type sharedNames struct {
	frontend.FileNames
	store *queue.Files
}

// Reserve takes a path in the journal first: a job that had it has put its file into the store before it ended.
func (n sharedNames) Reserve(ctx context.Context, slot, path string, file uint64) (bool, error) {
	earlier, _, again := n.Reserved(slot)
	ok, err := n.FileNames.Reserve(ctx, slot, path, file)
	if err != nil || !ok || again && earlier == path {
		return ok, err
	}
	taken, err := n.store.HasResult(ctx, path)
	return !taken, err
}
