# Table of a server's tasks, and the policy its processes need. Its store is dynamodb://TABLE of the crate pmcp-tasks.

terraform {
  required_version = ">= 1.3"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 4.0"
    }
  }
}

variable "table_name" {
  type        = string
  default     = "tasks"
  description = "Name of the table, as the server's URL has it."
}

resource "aws_dynamodb_table" "tasks" {
  name         = var.table_name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  # Without it expired tasks stay for good, though nobody sees them.
  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Transactions need the permissions of what they do, and no others.
data "aws_iam_policy_document" "tasks" {
  statement {
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:BatchWriteItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:DescribeTimeToLive",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = [aws_dynamodb_table.tasks.arn]
  }
}

resource "aws_iam_policy" "tasks" {
  name_prefix = "${var.table_name}-"
  description = "What a process that serves or runs tasks may do with their table."
  policy      = data.aws_iam_policy_document.tasks.json
}

output "table_name" {
  value = aws_dynamodb_table.tasks.name
}

output "policy_arn" {
  value = aws_iam_policy.tasks.arn
}
