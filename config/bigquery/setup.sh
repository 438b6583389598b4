#!/usr/bin/env bash
# What scenedim needs in a project of BigQuery: a service account, the right to run jobs, a dataset, and rights on its tables.
# Needs gcloud and bq, and a person who may give roles in the project. May be run again and again.
#
#   PROJECT=my-project LOCATION=asia-east1 ./setup.sh
set -euo pipefail

project=${PROJECT:?the project that holds the dataset and pays for the jobs}
location=${LOCATION:?where the dataset is made, as in asia-east1; it cannot be moved later}
dataset=${DATASET:-scene}
account=${SERVICE_ACCOUNT:-scenedim@$project.iam.gserviceaccount.com}

if ! gcloud iam service-accounts describe "$account" --project="$project" >/dev/null 2>&1; then
  gcloud iam service-accounts create "${account%%@*}" --project="$project"
fi

# Jobs are run in the project …
gcloud projects add-iam-policy-binding "$project" \
  --member="serviceAccount:$account" --role=roles/bigquery.jobUser --condition=None

if ! bq --project_id="$project" show --dataset "$project:$dataset" >/dev/null 2>&1; then
  bq --project_id="$project" --location="$location" mk --dataset "$project:$dataset"
fi

# … and tables are made, read and written in the dataset alone.
bq --project_id="$project" --location="$location" query --use_legacy_sql=false \
  "GRANT \`roles/bigquery.dataEditor\` ON SCHEMA \`$project.$dataset\` TO 'serviceAccount:$account'"
