// Reads objects, one a line as JSON, into the Go types that the Prometheus Operator and KEDA read
// them into. A field that a type does not have, or a value of another kind, is an error.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	keda "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	operator "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

var types = map[string]func() any{
	"PodMonitor":     func() any { return new(operator.PodMonitor) },
	"PrometheusRule": func() any { return new(operator.PrometheusRule) },
	"ServiceMonitor": func() any { return new(operator.ServiceMonitor) },
	"ScaledObject":   func() any { return new(keda.ScaledObject) },
}

func check(raw json.RawMessage) error {
	var head struct{ Kind string }
	if err := json.Unmarshal(raw, &head); err != nil {
		return err
	}
	make, known := types[head.Kind]
	if !known {
		return fmt.Errorf("no type for the kind %q", head.Kind)
	}
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	if err := strict.Decode(make()); err != nil {
		return fmt.Errorf("%s: %w", head.Kind, err)
	}
	return nil
}

func main() {
	input, count := json.NewDecoder(os.Stdin), 0
	for ; ; count++ {
		var raw json.RawMessage
		err := input.Decode(&raw)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = check(raw)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	fmt.Println(count)
}
