package queue

import (
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// TestDeployConfiguration: the configuration that deploy/ gives to a cluster keeps the promises of the embedded server.
func TestDeployConfiguration(t *testing.T) {
	t.Setenv("NAME", "nats-1")
	t.Setenv("TOKEN", "secret")
	o, err := server.ProcessConfigFile("../../deploy/nats.conf")
	if err != nil {
		t.Fatal(err)
	}
	if !o.JetStream || !o.SyncAlways || o.MaxPayload != maxMessage || o.Authorization != "secret" || o.ServerName != "nats-1" || len(o.Routes) != 3 || o.Cluster.Name == "" {
		t.Errorf("JetStream %v, syncs always %v, messages of %d, token %q, name %q, %d routes", o.JetStream, o.SyncAlways, o.MaxPayload, o.Authorization, o.ServerName, len(o.Routes))
	}
}
