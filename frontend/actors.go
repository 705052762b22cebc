package frontend

import (
	"context"
	"errors"
	"time"
)

// Errors of Actors and Clusters, besides fs.ErrNotExist and fs.ErrExist.
var (
	// ErrName is wrapped by errors about names that no file may have.
	ErrName = errors.New("not a name of a file")
	// ErrDamaged is wrapped by errors about files that cannot be used.
	ErrDamaged = errors.New("the file cannot be used")
	// ErrValue is wrapped by errors about fields that cannot be set so.
	ErrValue = errors.New("not a value of the field")
)

// Actors keeps the tuned actors of models/actors. Names may leave the ending of the file out.
type Actors interface {
	ListActors() ([]Actor, error)
	ShowActor(name string) (Actor, error)
	// ExportActor copies an actor to a file that must not exist.
	ExportActor(ctx context.Context, name, file string) error
	// ImportActor takes a file in, under a name (empty: that of the file); origin and licence replace what it says. It returns the name.
	ImportActor(ctx context.Context, file, name, origin, licence string) (string, error)
	// SetActor changes what is said about an actor: origin, licence or prompt.
	SetActor(ctx context.Context, name string, fields map[string]string) error
	// RenameActor gives an actor a name that no other has, sets fields as SetActor does, and returns the name with its ending.
	RenameActor(ctx context.Context, name, to string, fields map[string]string) (string, error)
	// TrashActor moves an actor into the trash and returns where it lies there.
	TrashActor(ctx context.Context, name string) (string, error)
	// RestoreActor brings back the actor that was deleted last under a name, and returns the name with its ending.
	RestoreActor(ctx context.Context, name string) (string, error)
	// ActorThumbnail is the picture in an actor's file; the error wraps fs.ErrNotExist where it holds none.
	ActorThumbnail(name string, as PictureFormat) ([]byte, error)
}

// Actor is what is known of a stored actor.
type Actor struct {
	Name        string            `json:"name"`
	Path        string            `json:"path"`
	Bytes       int64             `json:"bytes"`
	Modified    time.Time         `json:"modified"`
	Word        string            `json:"word"`
	Concept     string            `json:"concept"`
	Family      string            `json:"family"`
	Fingerprint string            `json:"fingerprint"`
	Pictures    int               `json:"pictures"` // of its cluster
	Target      int               `json:"target"`   // number of the picture that it shows
	Width       int               `json:"width"`    // of the text embedding
	Prompt      string            `json:"prompt"`
	Seed        uint64            `json:"seed"`
	Steps       int               `json:"steps"`
	Settings    map[string]string `json:"settings,omitempty"`
	Origin      string            `json:"origin"`
	Licence     string            `json:"licence"`
	Thumbnail   [2]int            `json:"thumbnail"` // width and height in pixels; 0 for none
	Projector   bool              `json:"projector"` // the file holds one, so tuning can go on
	Problem     string            `json:"problem,omitempty"`
}
