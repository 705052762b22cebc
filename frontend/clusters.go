package frontend

import (
	"context"
	"time"
)

// Clusters keeps the base sets of models/clusters. Names may leave the ending of the file out. Errors wrap fs.ErrNotExist for a cluster or picture
// that is not there, and ErrDamaged.
type Clusters interface {
	ListClusters() ([]Cluster, error)
	ShowCluster(name string) (Cluster, error)
	// ClusterPicture is a picture of a cluster, counted from 0.
	ClusterPicture(name string, index int, as PictureFormat) ([]byte, error)
	// SetClusterTarget chooses the picture whose identity is kept.
	SetClusterTarget(ctx context.Context, name string, index int) error
}

// Cluster is what is known of a stored cluster.
type Cluster struct {
	Name        string    `json:"name"`
	Path        string    `json:"path"`
	Bytes       int64     `json:"bytes"`
	Modified    time.Time `json:"modified"`
	Pictures    int       `json:"pictures"`
	Width       int       `json:"width"` // of a picture in pixels
	Height      int       `json:"height"`
	Target      int       `json:"target"` // number of the picture whose identity is kept
	Prompt      string    `json:"prompt"`
	Seed        uint64    `json:"seed"`
	Sigma       float64   `json:"sigma"` // noise level of the last step
	Family      string    `json:"family"`
	Fingerprint string    `json:"fingerprint"`
	Problem     string    `json:"problem,omitempty"`
}
