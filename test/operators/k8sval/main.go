// Says what Kubernetes says of manifests: strict decoding, the API server's defaults, its validation.
//
//	k8sval FILE …    checks every object of the files ("-" is standard input); exit 1 when one is wrong
//	k8sval -k DIR    prints what `kubectl kustomize DIR` prints
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	networkingvalidation "k8s.io/kubernetes/pkg/apis/networking/validation"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func main() {
	args := os.Args[1:]
	if len(args) == 2 && args[0] == "-k" {
		built, err := kustomize(args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Stdout.Write(built)
		return
	}
	wrong := len(args) == 0
	for _, name := range args {
		wrong = !check(name) || wrong
	}
	if wrong {
		os.Exit(1)
	}
}

func kustomize(directory string) ([]byte, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), directory)
	if err != nil {
		return nil, err
	}
	return resources.AsYaml()
}

// Prints a line an object, or a line a mistake, and returns whether all is right.
func check(name string) bool {
	text, err := read(name)
	if err != nil {
		fmt.Println(name+":", err)
		return false
	}
	decoder := serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict).UniversalDecoder()
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	right, found := true, 0
	for {
		document, err := documents.Read()
		if err == io.EOF {
			break
		}
		if err == nil && len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		found++
		var object runtime.Object
		if err == nil {
			object, _, err = decoder.Decode(document, nil, nil)
		}
		if err != nil {
			fmt.Println(name+":", err)
			right = false
			continue
		}
		right = report(name, object) && right
	}
	if found == 0 {
		fmt.Println(name+":", "holds no object")
	}
	return right && found > 0
}

func read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}

func report(name string, object runtime.Object) bool {
	accessor, err := meta.Accessor(object)
	if err != nil {
		fmt.Println(name+":", err)
		return false
	}
	// The API server puts a request's namespace into an object before it validates.
	if accessor.GetNamespace() == "" {
		accessor.SetNamespace("default")
	}
	mistakes := validate(object)
	for _, mistake := range mistakes {
		fmt.Printf("%s: %T %s: %v\n", name, object, accessor.GetName(), mistake)
	}
	if len(mistakes) == 0 {
		fmt.Printf("%s: %T %s is right\n", name, object, accessor.GetName())
	}
	return len(mistakes) == 0
}

func validate(object runtime.Object) field.ErrorList {
	options := validation.PodValidationOptions{}
	switch value := object.(type) {
	case *batch.CronJob:
		return batchvalidation.ValidateCronJobCreate(value, options)
	case *core.Pod:
		return validation.ValidatePodCreate(value, options)
	case *core.ConfigMap:
		return validation.ValidateConfigMap(value)
	case *core.ServiceAccount:
		return validation.ValidateServiceAccount(value)
	case *networking.NetworkPolicy:
		return networkingvalidation.ValidateNetworkPolicy(value, networkingvalidation.NetworkPolicyValidationOptions{})
	}
	return field.ErrorList{field.InternalError(nil, fmt.Errorf("no validator for %T", object))}
}
