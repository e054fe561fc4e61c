package dev.ddpm.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.ddpm.spark.SettingsFile;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every YAML file, read as what it says it is: wrong types and unknown fields are errors. */
class KubernetesFilesTest {
  private static final Path CONF = Path.of("../conf");
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final JsonMapper JSON = new JsonMapper();

  /** The operator's own type, as far as the files use it (kubeflow/spark-operator, v1beta2). */
  record SparkApplication(
      String apiVersion, String kind, Map<String, String> metadata, Application spec) {}

  record Application(
      String type,
      String mode,
      String sparkVersion,
      String image,
      String mainClass,
      String mainApplicationFile,
      List<String> arguments,
      RestartPolicy restartPolicy,
      Map<String, String> sparkConf,
      List<Volume> volumes,
      Part driver,
      Part executor) {}

  record RestartPolicy(
      String type,
      int onFailureRetries,
      long onFailureRetryInterval,
      int onSubmissionFailureRetries,
      long onSubmissionFailureRetryInterval) {}

  record Part(
      int instances,
      String serviceAccount,
      int cores,
      String memory,
      String memoryOverhead,
      String javaOptions,
      List<EnvVar> env,
      Map<String, String> labels,
      PodSecurityContext podSecurityContext,
      SecurityContext securityContext,
      List<VolumeMount> volumeMounts,
      List<Toleration> tolerations) {}

  private static final Map<String, Class<?>> TYPES =
      Map.of(
          "Pod", Pod.class,
          "CronJob", CronJob.class,
          "ServiceAccount", ServiceAccount.class,
          "Role", Role.class,
          "RoleBinding", RoleBinding.class,
          "SparkApplication", SparkApplication.class);

  static Stream<Path> files() throws IOException {
    try (Stream<Path> files = Files.walk(CONF)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void everyFieldExists(Path file) throws IOException {
    for (JsonNode document : documents(Files.readString(file))) {
      check(document);
    }
  }

  @Test
  void aMisspeltFieldIsFound() throws IOException {
    String pod = Files.readString(CONF.resolve("kubernetes/driver-pod.yaml"));

    assertThatThrownBy(() -> check(documents(pod.replace("runAsNonRoot", "runAsNoneRoot")).get(0)))
        .hasMessageContaining("runAsNoneRoot");
    assertThatThrownBy(() -> check(documents(pod.replace("runAsUser: 185", "runAsUser: x")).get(0)))
        .hasMessageContaining("runAsUser");
  }

  /** Pods that Kubernetes's profile "restricted" of its pod security standards admits. */
  @ParameterizedTest
  @MethodSource("files")
  void everyPodRunsWithoutPrivileges(Path file) throws IOException {
    for (JsonNode document : documents(Files.readString(file))) {
      for (JsonNode pod : document.findParents("containers")) {
        JsonNode security = pod.path("securityContext");
        assertThat(security.path("runAsNonRoot").asBoolean()).isTrue();
        assertThat(security.path("runAsUser").asInt()).isEqualTo(185);
        assertThat(security.at("/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
        for (JsonNode container : pod.get("containers")) {
          JsonNode own = container.path("securityContext");
          assertThat(own.path("allowPrivilegeEscalation").asBoolean(true)).isFalse();
          assertThat(own.at("/capabilities/drop/0").asText()).isEqualTo("ALL");
        }
      }
    }
  }

  /** The operator does not read conf/spark-defaults: its files repeat them. */
  @ParameterizedTest
  @ValueSource(strings = {"sparkapplication.yaml", "sparkapplication-gpu.yaml"})
  void theOperatorSetsWhatTheScriptsSet(String name) throws IOException {
    JsonNode document =
        documents(Files.readString(CONF.resolve("kubernetes").resolve(name))).get(0);
    Map<String, String> conf =
        JSON.treeToValue(document, SparkApplication.class).spec().sparkConf();
    Map<String, String> expected = new TreeMap<>();
    expected.putAll(defaults("common.conf"));
    expected.putAll(defaults("kubernetes.conf"));
    if (name.contains("gpu")) {
      expected.putAll(defaults("gpu.conf"));
      expected.put(
          "spark.executor.resource.gpu.discoveryScript", "/opt/ddpm/conf/discover-gpus.sh");
    }
    SettingsFile.read(CONF.resolve("metrics.properties"), "=")
        .forEach((key, value) -> expected.put("spark.metrics.conf." + key, value));
    expected.put("spark.task.cpus", "1");
    // The operator makes the pods itself and names their account elsewhere.
    expected.keySet().removeIf(key -> key.contains("podTemplate") || key.contains("Account"));

    assertThat(conf).containsExactlyInAnyOrderEntriesOf(expected);
  }

  private static Map<String, String> defaults(String name) throws IOException {
    return SettingsFile.read(CONF.resolve("spark-defaults").resolve(name), "\\s+");
  }

  private static List<JsonNode> documents(String text) throws IOException {
    return YAML.readerFor(JsonNode.class).<JsonNode>readValues(text).readAll();
  }

  private static void check(JsonNode document) throws IOException {
    Class<?> type = TYPES.get(document.get("kind").asText());
    assertThat(type).as(document.get("kind").asText()).isNotNull();
    Object object = JSON.treeToValue(document, type);
    List<String> unknown = new ArrayList<>();
    findUnknown(object, unknown);
    assertThat(unknown).isEmpty();
  }

  /** The model keeps a field that it does not know in a map of its own, in every object. */
  private static void findUnknown(Object object, List<String> unknown) {
    if (object instanceof Map<?, ?> map) {
      map.values().forEach(value -> findUnknown(value, unknown));
    } else if (object instanceof Iterable<?> list) {
      list.forEach(value -> findUnknown(value, unknown));
    } else if (object instanceof Record) {
      findUnknown(JSON.convertValue(object, Map.class), unknown);
    } else if (object != null && object.getClass().getName().startsWith("io.fabric8.")) {
      try {
        for (var method : object.getClass().getMethods()) {
          if (method.getName().equals("getAdditionalProperties")) {
            ((Map<?, ?>) method.invoke(object))
                .keySet()
                .forEach(key -> unknown.add(object.getClass().getSimpleName() + "." + key));
          } else if (method.getName().startsWith("get") && method.getParameterCount() == 0) {
            findUnknown(method.invoke(object), unknown);
          }
        }
      } catch (ReflectiveOperationException e) {
        throw new LinkageError(e.getMessage(), e);
      }
    }
  }
}
