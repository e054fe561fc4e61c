#!/usr/bin/env bash
# What Spark on Kubernetes expects of an image: 'driver ARGUMENT...' and 'executor', each described by environment
# variables, become the driver and an executor; any other command is run as it is.
set -euo pipefail

java=java
if [[ -n "${JAVA_HOME:-}" ]]; then
  java="$JAVA_HOME/bin/java"
fi

# Spark's own jars, after folders of configuration and what spark.executor.extraClassPath names, if there is any.
class_path() {
  local before=""
  for entry in "${SPARK_CONF_DIR:-}" "${HADOOP_CONF_DIR:-}" "${SPARK_CLASSPATH:-}"; do
    before+="${entry:+$entry:}"
  done
  echo "$before$SPARK_HOME/jars/*"
}

case "${1:-}" in
  driver)
    shift
    command=("$SPARK_HOME/bin/spark-submit"
      --conf "spark.driver.bindAddress=$SPARK_DRIVER_BIND_ADDRESS"
      --deploy-mode client
      "$@")
    ;;
  executor)
    # SPARK_JAVA_OPT_0, SPARK_JAVA_OPT_1 and so on: one option of the JVM each, in this order.
    options=()
    for ((i = 0; ; i++)); do
      option="SPARK_JAVA_OPT_$i"
      [[ -n "${!option+set}" ]] || break
      options+=("${!option}")
    done
    command=("$java" ${options[@]+"${options[@]}"}
      "-Xms$SPARK_EXECUTOR_MEMORY" "-Xmx$SPARK_EXECUTOR_MEMORY"
      -cp "$(class_path)"
      org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend
      --driver-url "$SPARK_DRIVER_URL"
      --executor-id "$SPARK_EXECUTOR_ID"
      --cores "$SPARK_EXECUTOR_CORES"
      --app-id "$SPARK_APPLICATION_ID"
      --hostname "$SPARK_EXECUTOR_POD_IP"
      --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID"
      --podName "$SPARK_EXECUTOR_POD_NAME")
    # As drivers get it from spark-class.
    if [[ -n "${DDPM_CLASS_ARCHIVE:-}" ]]; then
      command=("$SPARK_HOME/bin/with-archive" "${command[@]}")
    fi
    ;;
  "")
    echo "error: a command is missing: driver, executor, or one to run as it is." >&2
    exit 2
    ;;
  *) command=("$@") ;;
esac

# As the first process of a container: hands signals on, and reaps what its children leave.
if [[ $$ -eq 1 && -x /usr/bin/tini ]]; then
  exec /usr/bin/tini -s -- "${command[@]}"
fi
exec "${command[@]}"
