package queue

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

// Files keeps files for processes that share no folder, in JetStream's object store. Shared ones (inputs, actors) are copied to everyone who works; results
// are fetched when they are asked for.
type Files struct {
	nats    *NATS
	shared  jetstream.ObjectStore
	results jetstream.ObjectStore

	mu    sync.Mutex
	seen  uint64            // last message of the shared store that Sync has looked at
	known map[string]string // digest of shared files that are here, by name
}

// ErrNoFile is wrapped by the error of a file that is not in the store.
var ErrNoFile = errors.New("not in the object store")

const (
	sharedBucket  = "oneactor_shared"
	resultsBucket = "oneactor_results"
)

// OpenFiles opens the object store, and makes it where it is not there yet.
func (n *NATS) OpenFiles(ctx context.Context) (*Files, error) {
	f := &Files{nats: n, known: map[string]string{}}
	var err error
	for bucket, store := range map[string]*jetstream.ObjectStore{sharedBucket: &f.shared, resultsBucket: &f.results} {
		*store, err = n.js.ObjectStore(ctx, bucket)
		if errors.Is(err, jetstream.ErrBucketNotFound) {
			*store, err = n.js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: bucket, Replicas: n.replicas})
		}
		if err != nil {
			return nil, fmt.Errorf("object store %s: %w", bucket, err)
		}
	}
	return f, nil
}

// Share puts a file where all workers copy it from. The same content again costs nothing.
func (f *Files) Share(ctx context.Context, name, path string) error {
	digest, err := put(ctx, f.shared, name, path)
	if err == nil {
		f.mu.Lock()
		f.known[name] = digest
		f.mu.Unlock()
	}
	return err
}

// Unshare takes a file from all workers; Sync removes their copies. One that is not shared is no error.
func (f *Files) Unshare(ctx context.Context, name string) error {
	f.mu.Lock()
	delete(f.known, name)
	f.mu.Unlock()
	if err := f.shared.Delete(ctx, name); err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
		return fmt.Errorf("object store: %s: %w", name, err)
	}
	return nil
}

// PutResult puts a result of a job into the store.
func (f *Files) PutResult(ctx context.Context, name, path string) error {
	_, err := put(ctx, f.results, name, path)
	return err
}

// HasResult reports whether the store has a result with this name.
func (f *Files) HasResult(ctx context.Context, name string) (bool, error) {
	_, err := f.results.GetInfo(ctx, name)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return false, nil
	}
	return err == nil, err
}

// FetchResult copies a result to path; the error wraps ErrNoFile where the store does not have it.
func (f *Files) FetchResult(ctx context.Context, name, path string) error {
	return fetch(ctx, f.results, name, path)
}

// Sync copies the shared files that are new or changed since the last call, and removes copies of those that are shared no longer; at says where
// one goes, "" leaves it out. A copy that was changed here stays.
func (f *Files) Sync(ctx context.Context, at func(name string) string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	status, err := f.nats.js.Stream(ctx, "OBJ_"+sharedBucket)
	if err != nil {
		return fmt.Errorf("object store: %w", err)
	}
	last := status.CachedInfo().State.LastSeq
	if last == f.seen {
		return nil
	}
	list, err := f.shared.List(ctx)
	if err != nil && !errors.Is(err, jetstream.ErrNoObjectsFound) {
		return fmt.Errorf("object store: %w", err)
	}
	shared := map[string]bool{}
	for _, info := range list {
		shared[info.Name] = true
		path := at(info.Name)
		if path == "" || f.known[info.Name] == info.Digest {
			continue
		}
		if here, err := digestOf(path); err != nil || here != info.Digest {
			if err := fetch(ctx, f.shared, info.Name, path); err != nil {
				return err
			}
		}
		f.known[info.Name] = info.Digest
	}
	for name, digest := range f.known {
		if shared[name] {
			continue
		}
		path := at(name)
		if here, err := digestOf(path); err == nil && here == digest {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
		delete(f.known, name)
	}
	f.seen = last
	return nil
}

func put(ctx context.Context, store jetstream.ObjectStore, name, path string) (string, error) {
	digest, err := digestOf(path)
	if err != nil {
		return "", err
	}
	if info, err := store.GetInfo(ctx, name); err == nil && info.Digest == digest {
		return digest, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if _, err := store.Put(ctx, jetstream.ObjectMeta{Name: name}, file); err != nil {
		return "", fmt.Errorf("object store: %s: %w", name, err)
	}
	return digest, nil
}

// digestOf is the digest of a file as the object store writes it.
func digestOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return "SHA-256=" + base64.URLEncoding.EncodeToString(sum.Sum(nil)), nil
}

// fetch writes an object beside path, and renames it when it is whole.
func fetch(ctx context.Context, store jetstream.ObjectStore, name, path string) error {
	object, err := store.Get(ctx, name)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return fmt.Errorf("%w: %s", ErrNoFile, name)
	}
	if err != nil {
		return fmt.Errorf("object store: %s: %w", name, err)
	}
	defer object.Close()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".saving-*.tmp")
	if err != nil {
		return err
	}
	_, err = io.Copy(temp, object)
	if err == nil {
		err = temp.Chmod(0o666 &^ 0o022)
	}
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("object store: %s: %w", name, err), os.Remove(temp.Name()))
	}
	return nil
}
